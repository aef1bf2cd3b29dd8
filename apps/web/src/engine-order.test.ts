import { expect, it } from 'vitest';
import { engineOrder, type Machine } from './engine-order.ts';

const small: Machine = { gpu: 'none', isolated: true, modelBytes: 12e6 };

it.each([
  ['a small model without a GPU', small, 'fused', /no GPU.*several threads/],
  ['a GPU in software', { ...small, gpu: 'software', modelBytes: 3e9 }, 'fused', /emulated/],
  ['a small model beside a GPU', { ...small, gpu: 'hardware' }, 'fused', /costs more than the work/],
  ['a large model beside a GPU', { ...small, gpu: 'hardware', modelBytes: 3e9 }, 'webgpu', /GPU/],
  ['a page that is not isolated', { ...small, isolated: false }, 'fused', /one thread.*not cross-origin isolated/],
] as const)('%s', (_, machine, engine, reason) => {
  const [best, ...rest] = engineOrder(machine);
  expect(best!.engine).toBe(engine);
  expect(best!.reason).toMatch(reason);
  expect(rest.at(-1)!.engine).toBe('cpu');
});
