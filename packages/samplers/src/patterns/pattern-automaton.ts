import { UnsupportedError } from '@tokenwright/core';
import { type CharacterSet, isIn, type Pattern } from './pattern-syntax.ts';

/** The state from which no text leads to a match. */
export const dead = -1;

/**
 * A pattern as a deterministic automaton over code points. States are built when texts reach them, so a pattern with a huge
 * automaton costs only the part that is used. From every state except {@link dead} some text leads to a match.
 */
export class PatternAutomaton {
  /** The state before any text. */
  readonly start: number;
  readonly #nodes: readonly Node[];
  /** Code points where a set begins or ends: the pattern does not distinguish characters between two borders. */
  readonly #borders: readonly number[];
  readonly #asciiClass = new Int16Array(128);
  readonly #states: { nodes: Int32Array; accepts: boolean; next: Int32Array }[] = [];
  readonly #byName = new Map<string, number>();

  constructor(pattern: Pattern) {
    this.#nodes = compile(pattern);
    const borders = new Set([0]);
    for (const { set } of this.#nodes)
      if (set !== undefined)
        for (let i = 0; i < set.length; i += 2) {
          borders.add(set[i]!);
          borders.add(set[i + 1]! + 1);
        }
    this.#borders = [...borders].sort((a, b) => a - b);
    for (let point = 0; point < 128; point++) this.#asciiClass[point] = this.#findClass(point);
    this.start = this.#state([this.#nodes.length - 1]);
  }

  /** The state after one more character. */
  next(state: number, point: number): number {
    if (state === dead) return dead;
    const { nodes, next } = this.#states[state]!;
    const alike = point < 128 ? this.#asciiClass[point]! : this.#findClass(point);
    if (next[alike] === unknown) {
      const sample = this.#borders[alike]!;
      const reached: number[] = [];
      for (const node of nodes) {
        const { set, to } = this.#nodes[node]!;
        if (set !== undefined && isIn(set, sample)) reached.push(...to);
      }
      next[alike] = reached.length === 0 ? dead : this.#state(reached);
    }
    return next[alike]!;
  }

  /** The state after a text. */
  after(state: number, text: string): number {
    let result = state;
    for (let at = 0; at < text.length && result !== dead; ) {
      const point = text.codePointAt(at)!;
      result = this.next(result, point);
      at += point > 0xffff ? 2 : 1;
    }
    return result;
  }

  /** Whether the text up to here matches. */
  accepts(state: number): boolean {
    return state !== dead && this.#states[state]!.accepts;
  }

  /** The state of these nodes and all nodes reached from them without a character. */
  #state(from: readonly number[]): number {
    const reached = new Set<number>();
    const open = [...from];
    while (open.length > 0) {
      const node = open.pop()!;
      if (reached.has(node)) continue;
      reached.add(node);
      const { set, to } = this.#nodes[node]!;
      if (set === undefined) open.push(...to);
    }
    const accepts = reached.has(accepting);
    const nodes = Int32Array.from(reached)
      .filter((node) => this.#nodes[node]!.set !== undefined)
      .sort();
    const name = `${accepts} ${nodes.join()}`;
    let state = this.#byName.get(name);
    if (state === undefined) {
      state = this.#states.length;
      this.#states.push({ nodes, accepts, next: new Int32Array(this.#borders.length).fill(unknown) });
      this.#byName.set(name, state);
    }
    return state;
  }

  /** Index of the last border at or below the character. */
  #findClass(point: number): number {
    let low = 0;
    let high = this.#borders.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#borders[middle]! <= point) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

const unknown = -2;
/** The node where a match ends. */
const accepting = 0;
const mostNodes = 50_000;

/** A node that consumes a character of `set` and leads to `to`; without a set it leads there without a character. */
interface Node {
  readonly set?: CharacterSet;
  readonly to: number[];
}

/** Thompson's construction, from the end: each part is built before its continuation. The last node is the start. */
function compile(pattern: Pattern): Node[] {
  const nodes: Node[] = [{ to: [] }];
  const add = (node: Node): number => {
    if (nodes.length === mostNodes)
      throw new UnsupportedError(
        `a pattern of more than ${mostNodes} nodes`,
        'regex',
        'Use smaller repetition counts.',
      );
    return nodes.push(node) - 1;
  };
  const build = (part: Pattern, then: number): number => {
    switch (part.kind) {
      case 'characters':
        return add({ set: part.set, to: [then] });
      case 'sequence':
        return part.parts.reduceRight((next, one) => build(one, next), then);
      case 'choice':
        return add({ to: part.options.map((option) => build(option, then)) });
      case 'repeat': {
        let next = then;
        if (part.to === Infinity) {
          const loop: Node = { to: [then] };
          next = add(loop);
          loop.to.push(build(part.part, next));
        } else for (let i = part.from; i < part.to; i++) next = add({ to: [then, build(part.part, next)] });
        for (let i = 0; i < part.from; i++) next = build(part.part, next);
        return next;
      }
    }
  };
  add({ to: [build(pattern, accepting)] });
  return nodes;
}
