import { expect, it } from 'vitest';
import { linesOf, loopFiles, maximumFiles, maximumLines } from './loop.ts';

it(`one decoding step can be followed in at most ${maximumFiles} files of core`, () => {
  expect(loopFiles.length).toBeLessThanOrEqual(maximumFiles);
  expect(new Set(loopFiles).size).toBe(loopFiles.length);
  expect(loopFiles.filter((path) => !path.startsWith('packages/core/src/'))).toEqual([]);
});

it(`and in at most ${maximumLines} lines`, () => {
  const lines = loopFiles.map((path) => `${linesOf(path)} ${path}`);
  const sum = loopFiles.reduce((total, path) => total + linesOf(path), 0);
  expect(sum, lines.join('\n')).toBeLessThanOrEqual(maximumLines);
});
