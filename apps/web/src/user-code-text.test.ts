import { expect, it } from 'vitest';
import { positionIn, prepared } from './user-code-text.ts';

function failureOf(code: string): string {
  try {
    new Function(prepared(code))();
  } catch (error) {
    return (error as Error).stack!;
  }
  throw new Error('It did not fail.');
}

it('returns what the code exports', () => {
  expect(new Function(prepared("const name = 'x';\nexport default { name };"))()).toEqual({ name: 'x' });
});

it.each([1, 2, 7])('finds an error in line %i', (line) => {
  const code = `${'\n'.repeat(line - 1)}  missing();`;
  expect(positionIn(failureOf(code))).toEqual({ line, column: 3 });
});

it('reads the stacks of other browsers', () => {
  expect(positionIn('anonymous@http://x/worker.js line 9 > Function:6:5\nmake@http://x/worker.js:1:2')).toEqual({
    line: 4,
    column: 5,
  });
  expect(positionIn('Error\n  at http://x/worker.js:1:2')).toBeUndefined();
});
