import type { BeamStep, Hypothesis } from '../protocol.ts';

/** A token of a hypothesis, with its place in the picture. */
export interface TreeNode {
  /** The ids from the prompt to here, joined: hypotheses that share a beginning share its nodes. */
  readonly key: string;
  readonly id: number;
  /** Tokens before it, from 0. */
  readonly depth: number;
  /** Row of the picture, from 0. */
  readonly track: number;
  readonly parent: TreeNode | undefined;
  readonly score: number;
  /** 'best': on the sequence that was returned; 'live': on a live hypothesis; 'ended': on one that was given up. */
  readonly state: 'best' | 'live' | 'ended';
  /** The last token of a complete hypothesis. */
  readonly finished: boolean;
}

export interface BeamTree {
  readonly nodes: readonly TreeNode[];
  readonly tracks: number;
  readonly depth: number;
}

interface Draft {
  readonly key: string;
  readonly id: number;
  readonly depth: number;
  readonly parent: Draft | undefined;
  readonly children: Draft[];
  score: number;
  finished: boolean;
  /** Depth of the deepest node below. */
  reach: number;
  track: number;
}

/**
 * The hypotheses of a beam search as a tree, laid out in tracks like a history of branches: a node continues in the track of its parent
 * with its best child, and the others begin in the first track that is free as long as they live.
 *
 * @param best ids of the returned sequence, once there is one.
 */
export function beamTree(steps: readonly BeamStep[], best: readonly number[] = []): BeamTree {
  const drafts = new Map<string, Draft>();
  const roots: Draft[] = [];
  const grow = ({ ids, score }: Hypothesis, finished: boolean): void => {
    let parent: Draft | undefined;
    for (const [depth, id] of ids.entries()) {
      const key = `${parent?.key ?? ''}/${id}`;
      let node = drafts.get(key);
      if (node === undefined) {
        node = { key, id, depth, parent, children: [], score, finished: false, reach: depth, track: 0 };
        drafts.set(key, node);
        (parent?.children ?? roots).push(node);
      }
      if (depth === ids.length - 1) {
        node.score = score;
        node.finished ||= finished;
      }
      parent = node;
    }
  };
  for (const { live, finished } of steps) {
    for (const hypothesis of live) grow(hypothesis, false);
    for (const hypothesis of finished) grow(hypothesis, true);
  }
  const onBest = prefixes(best);
  for (const root of roots) measure(root);
  const tracks = assignLanes(roots, onBest);
  const alive = new Set((steps.at(-1)?.live ?? []).flatMap(({ ids }) => [...prefixes(ids)]));
  return {
    nodes: finish(drafts, onBest, alive),
    tracks,
    depth: Math.max(0, ...[...drafts.values()].map(({ depth }) => depth + 1)),
  };
}

function prefixes(ids: readonly number[]): Set<string> {
  const keys = new Set<string>();
  let key = '';
  for (const id of ids) {
    key += `/${id}`;
    keys.add(key);
  }
  return keys;
}

function measure(node: Draft): number {
  for (const child of node.children) node.reach = Math.max(node.reach, measure(child));
  return node.reach;
}

/** Gives each branch a track; returns how many there are. */
function assignLanes(roots: readonly Draft[], onBest: ReadonlySet<string>): number {
  const better = (a: Draft, b: Draft): number =>
    Number(onBest.has(b.key)) - Number(onBest.has(a.key)) || b.reach - a.reach || b.score - a.score;
  /** Of each track, the ranges of depth that are taken. */
  const taken: { from: number; to: number }[][] = [];
  const place = (first: Draft): void => {
    const branch = [first];
    for (let next = [...first.children].sort(better)[0]; next; next = [...next.children].sort(better)[0])
      branch.push(next);
    const from = first.depth - 1;
    const to = branch.at(-1)!.depth;
    let track = 0;
    while ((taken[track] ?? []).some((range) => range.from < to + 1 && from < range.to + 1)) track++;
    taken[track] = [...(taken[track] ?? []), { from, to }];
    for (const node of branch) node.track = track;
    for (const node of branch) for (const child of [...node.children].sort(better).slice(1)) place(child);
  };
  for (const root of [...roots].sort(better)) place(root);
  return taken.length;
}

function finish(
  drafts: ReadonlyMap<string, Draft>,
  onBest: ReadonlySet<string>,
  alive: ReadonlySet<string>,
): TreeNode[] {
  const made = new Map<string, TreeNode>();
  for (const { key, id, depth, parent, score, finished, track } of drafts.values())
    made.set(key, {
      key,
      id,
      depth,
      track,
      parent: parent === undefined ? undefined : made.get(parent.key),
      score,
      state: onBest.has(key) ? 'best' : alive.has(key) ? 'live' : 'ended',
      finished,
    });
  return [...made.values()];
}
