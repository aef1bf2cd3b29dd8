import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

const chain = (...tokens: number[]): History => tokens.reduce((node, token) => node.append(token), History.of([]));

describe('History', () => {
  it('appends without changing the node it came from', () => {
    const prompt = History.of([5, 6]);
    const child = prompt.append(7);
    expect([...child.tokens]).toEqual([5, 6, 7]);
    expect([...prompt.tokens]).toEqual([5, 6]);
    expect([prompt.length, child.length]).toEqual([2, 3]);
    expect(child.parent).toBe(prompt);
    expect(prompt.parent).toBeUndefined();
  });

  it('copies the prompt, so that the caller may keep using its array', () => {
    const ids = Int32Array.of(1, 2, 3);
    const prompt = History.of(ids);
    ids[0] = 9;
    expect([...prompt.tokens]).toEqual([1, 2, 3]);
  });

  it('keeps two branches from one node apart', () => {
    const trunk = History.of([1]).append(2);
    const left = trunk.append(3).append(4);
    const right = trunk.append(5).append(6);
    expect([...left.tokens]).toEqual([1, 2, 3, 4]);
    expect([...right.tokens]).toEqual([1, 2, 5, 6]);
    expect([...trunk.tokens]).toEqual([1, 2]);
  });

  it('keeps a branch apart from a line that has grown past its buffer', () => {
    const ids = Array.from({ length: 16 }, (_, i) => i);
    const trunk = chain(...ids);
    const long = [...ids, ...ids].reduce((node, token) => node.append(token), trunk);
    const branch = trunk.append(99);
    expect([...long.tokens]).toEqual([...ids, ...ids, ...ids]);
    expect([...branch.tokens]).toEqual([...ids, 99]);
  });

  it('counts negative places from the end, and gives undefined outside', () => {
    const history = chain(10, 20, 30);
    expect([0, 2, -1, -3].map((index) => history.at(index))).toEqual([10, 30, 30, 10]);
    expect([3, -4].map((index) => history.at(index))).toEqual([undefined, undefined]);
    expect(History.of([]).at(-1)).toBeUndefined();
  });

  it('does not look past its own end where a child has written further', () => {
    const parent = chain(1, 2);
    parent.append(3);
    expect(parent.at(2)).toBeUndefined();
    expect([...parent.tail(5)]).toEqual([1, 2]);
  });

  it('gives the last tokens, or all when there are fewer', () => {
    const history = chain(1, 2, 3);
    expect([...history.tail(2)]).toEqual([2, 3]);
    expect([...history.tail(9)]).toEqual([1, 2, 3]);
    expect([...history.tail(0)]).toEqual([]);
  });

  it('gives views, not copies', () => {
    const parent = History.of([1, 2]);
    const child = parent.append(3);
    expect(child.tokens.buffer).toBe(parent.tokens.buffer);
    expect(child.tail(1).buffer).toBe(parent.tokens.buffer);
  });

  it('finds its ancestors down to the prompt, and no further', () => {
    const prompt = History.of([1, 2, 3]);
    const middle = prompt.append(4);
    const tip = middle.append(5);
    expect(tip.ancestor(5)).toBe(tip);
    expect(tip.ancestor(4)).toBe(middle);
    expect(tip.ancestor(3)).toBe(prompt);
    expect(tip.ancestor(2)).toBeUndefined();
    expect(tip.ancestor(6)).toBeUndefined();
  });

  it('behaves as a plain list at every node of any tree of branches', () => {
    const token = fc.integer({ min: 0, max: 1 << 30 });
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 20 }),
        fc.array(fc.record({ from: fc.nat(), token, times: fc.integer({ min: 1, max: 20 }) }), { maxLength: 30 }),
        (prompt, branches) => {
          const root = History.of(prompt);
          const nodes: { history: History; list: readonly number[]; line: readonly History[] }[] = [
            { history: root, list: prompt, line: [root] },
          ];
          for (const { from, token: first, times } of branches) {
            let { history, list, line } = nodes[from % nodes.length]!;
            for (let i = 0; i < times; i++) {
              history = history.append(first + i);
              list = [...list, first + i];
              line = [...line, history];
            }
            nodes.push({ history, list, line });
          }
          for (const { history, list, line } of nodes) {
            expect(history.length).toBe(list.length);
            expect(Array.from(history.tokens)).toEqual(list);
            for (const at of [0, 1, list.length - 1, list.length, -1, -2, -list.length])
              expect(history.at(at)).toBe(list.at(at));
            for (const count of [1, 3, list.length])
              expect(Array.from(history.tail(count))).toEqual(list.slice(Math.max(0, list.length - count)));
            expect(history.parent).toBe(line.at(-2));
            for (const node of line) expect(history.ancestor(node.length)).toBe(node);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
