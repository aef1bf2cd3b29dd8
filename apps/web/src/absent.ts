// Replaces packages that the page never uses.
throw new Error('this package is not part of the playground');
