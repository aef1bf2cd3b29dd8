// Stands in for packages that the page never asks for.
throw new Error('this package is not part of the playground');
