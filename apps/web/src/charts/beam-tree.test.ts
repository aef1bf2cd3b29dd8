import { expect, it } from 'vitest';
import type { BeamStep } from '../protocol.ts';
import { beamTree } from './beam-tree.ts';

const live = (...hypotheses: readonly [number, ...number[]][]): BeamStep => ({
  kind: 'beams',
  live: hypotheses.map(([score, ...ids]) => ({ ids, score })),
  finished: [],
  died: [],
});

// 1 -> 1 2 -> 1 2 4, where 1 3 was given up, and 5 -> 5 6 -> 5 6 7.
const steps = [live([-1, 1], [-2, 5]), live([-2, 1, 2], [-2.5, 1, 3], [-3, 5, 6]), live([-3, 1, 2, 4], [-4, 5, 6, 7])];

const shown = (tree: ReturnType<typeof beamTree>) =>
  Object.fromEntries(tree.nodes.map(({ key, track, state }) => [key, `${track} ${state}`]));

it('shares what hypotheses have in common and gives each branch a track', () => {
  const tree = beamTree(steps);
  expect(tree).toMatchObject({ depth: 3, tracks: 3 });
  expect(shown(tree)).toEqual({
    '/1': '0 live',
    '/1/2': '0 live',
    '/1/2/4': '0 live',
    '/1/3': '1 ended',
    '/5': '2 live',
    '/5/6': '2 live',
    '/5/6/7': '2 live',
  });
  expect(tree.nodes.find(({ key }) => key === '/1/2/4')!.parent!.key).toBe('/1/2');
});

it('puts what was returned first', () => {
  const tree = beamTree(steps, [5, 6, 7]);
  expect(shown(tree)).toMatchObject({ '/5': '0 best', '/5/6/7': '0 best', '/1': '1 live', '/1/3': '2 ended' });
});

it('uses a track again when its branch has ended', () => {
  const tree = beamTree([
    live([-1, 1]),
    live([-1, 1, 2], [-2, 1, 3]),
    live([-1, 1, 2, 4]),
    live([-1, 1, 2, 4, 5], [-3, 1, 2, 4, 6]),
  ]);
  expect(tree.tracks).toBe(2);
  expect(shown(tree)).toMatchObject({ '/1/3': '1 ended', '/1/2/4/6': '1 live' });
});

it('never puts two nodes in one place', () => {
  const many = [0, 1, 2, 3].map((depth) =>
    live(
      ...[1, 2, 3, 4].map((id): [number, ...number[]] => [
        -id,
        ...Array.from({ length: depth }, (_, i) => (id * (i + 3)) % 3),
        id,
      ]),
    ),
  );
  const { nodes } = beamTree(many);
  expect(new Set(nodes.map(({ depth, track }) => `${depth} ${track}`)).size).toBe(nodes.length);
});

it('marks complete hypotheses', () => {
  const step: BeamStep = { kind: 'beams', live: [], finished: [{ ids: [1, 0], score: -1 }], died: [] };
  expect(
    beamTree([live([-1, 1]), step])
      .nodes.filter(({ finished }) => finished)
      .map(({ key }) => key),
  ).toEqual(['/1/0']);
});
