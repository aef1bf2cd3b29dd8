import { expect, it } from 'vitest';
import { functionsIn } from './longest.ts';

it('finds functions, methods and functions that are bound to a name, with their lines', () => {
  const text = `export function outer(a: number): number {
  const inner = (b: number): number =>
    b + a;
  return inner(a);
}
class Rows<T> {
  #close(): void {}
  open = () => {
    this.#close();
  };
}
abstract class Base { abstract run(): void; }
`;
  expect(functionsIn(text, 'ts')).toEqual([
    { name: 'outer', line: 1, lines: 5 },
    { name: 'outer.inner', line: 2, lines: 2 },
    { name: 'Rows.#close', line: 7, lines: 1 },
    { name: 'Rows.open', line: 8, lines: 3 },
  ]);
});
