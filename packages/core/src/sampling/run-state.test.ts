import { describe, expect, it } from 'vitest';
import { History } from './history.ts';
import { RunState } from './run-state.ts';

const drawn = { id: 3, before: 0.25, after: 0.5 };

describe('RunMemory', () => {
  it('gives a node what was stored before it, never its own', () => {
    const memory = new RunState();
    const prompt = History.of([1]);
    const child = prompt.append(2);
    memory.at(prompt, 0).set('first');
    expect(memory.at(prompt, 0).get()).toBeUndefined();
    expect(memory.at(child, 0).get()).toBe('first');
  });

  it('gives what was stored at the nearest earlier node', () => {
    const memory = new RunState();
    const first = History.of([1]);
    const second = first.append(2);
    const fourth = second.append(3).append(4);
    memory.at(first, 0).set(1);
    expect(memory.at(fourth, 0).get()).toBe(1);
    memory.at(second, 0).set(2);
    expect(memory.at(fourth, 0).get()).toBe(2);
  });

  it('forks with the history', () => {
    const memory = new RunState();
    const trunk = History.of([1]);
    memory.at(trunk, 0).set('trunk');
    const [left, right] = [trunk.append(2), trunk.append(3)];
    memory.at(left, 0).set('left');
    expect(memory.at(left.append(4), 0).get()).toBe('left');
    expect(memory.at(right.append(4), 0).get()).toBe('trunk');
  });

  it('rewinds with the history', () => {
    const memory = new RunState();
    const start = History.of([1]);
    memory.at(start, 0).set(1);
    const accepted = start.append(2);
    memory.at(accepted, 0).set(2);
    memory.at(accepted.append(3), 0).set(3);
    expect(memory.at(accepted.append(9), 0).get()).toBe(2);
    expect(memory.at(accepted.ancestor(1)!.append(8), 0).get()).toBe(1);
  });

  it('keeps stages apart', () => {
    const memory = new RunState();
    const node = History.of([1]);
    memory.at(node, 0).set('zero');
    memory.at(node, 1).set('one');
    expect([0, 1, 2].map((stage) => memory.at(node.append(2), stage).get())).toEqual(['zero', 'one', undefined]);
  });

  it('keeps runs apart, even on one history', () => {
    const node = History.of([1]);
    new RunState().at(node, 0).set('draft');
    expect(new RunState().at(node.append(2), 0).get()).toBeUndefined();
  });

  it('keeps a stored null, which hides what came before', () => {
    const memory = new RunState();
    const node = History.of([1]);
    const child = node.append(2);
    memory.at(node, 0).set(1);
    memory.at(child, 0).set(null);
    expect(memory.at(child.append(3), 0).get()).toBeNull();
  });

  it('records how a token was sampled at its node only', () => {
    const memory = new RunState();
    const node = History.of([1, 3]);
    memory.recordSampled(node, 2, drawn);
    expect(memory.sampled(node, 2)).toEqual(drawn);
    expect(memory.sampled(node, 1)).toBeUndefined();
    expect(memory.sampled(node.append(4), 2)).toBeUndefined();
  });

  describe('a snapshot', () => {
    /** A run of three tokens in which stage 0 counts and stage 1 stored once. */
    const played = (): { memory: RunState; tip: History } => {
      const memory = new RunState();
      let tip = History.of([1]);
      memory.at(tip, 1).set({ seen: [1] });
      for (let i = 1; i <= 3; i++) {
        memory.at(tip, 0).set(i);
        tip = tip.append(i);
      }
      memory.recordSampled(tip, 0, drawn);
      return { memory, tip };
    };

    it('holds the latest of each stage, as plain data', () => {
      const { memory, tip } = played();
      const snapshot = memory.snapshot(tip);
      expect(new Map(snapshot.values)).toEqual(
        new Map<number, unknown>([
          [0, 3],
          [1, { seen: [1] }],
        ]),
      );
      expect(snapshot.sampled).toEqual([[0, drawn]]);
      expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
      expect(structuredClone(snapshot)).toEqual(snapshot);
    });

    it('lets another run continue from it like the first', () => {
      const { memory, tip } = played();
      const other = new RunState();
      const node = History.of(tip.tokens.subarray(0, -1)).append(tip.at(-1)!);
      other.restore(node, JSON.parse(JSON.stringify(memory.snapshot(tip))));
      for (const stage of [0, 1, 2]) {
        expect(other.at(node, stage).get()).toEqual(memory.at(tip, stage).get());
        expect(other.at(node.append(9), stage).get()).toEqual(memory.at(tip.append(9), stage).get());
        expect(other.sampled(node, stage)).toEqual(memory.sampled(tip, stage));
      }
    });

    it('does not hold what was stored at the node itself, which its children alone read', () => {
      const { memory, tip } = played();
      memory.at(tip, 0).set('later');
      expect(new Map(memory.snapshot(tip).values).get(0)).toBe(3);
    });

    it('of a fresh run is empty', () => {
      expect(new RunState().snapshot(History.of([1]))).toEqual({ values: [], sampled: [] });
    });
  });
});
