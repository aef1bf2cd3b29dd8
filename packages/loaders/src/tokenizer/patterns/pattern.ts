import { compile, type Program } from './program.ts';
import { type Edge, onigurumaWord, PatternError, parsePattern } from './syntax.ts';

/**
 * A regular expression of Oniguruma, matched in bounded time: a branch that failed at a position is not tried there again, so that
 * repetitions within repetitions cost no more than the length of the text times the length of the pattern.
 */
export class Pattern {
  readonly #program: Program;

  /** Throws PatternError. */
  constructor(source: string) {
    this.#program = compile(parsePattern(source));
  }

  /** Begin and end of each match, one after the other, from left to right; matches do not overlap. */
  matches(text: string): number[] {
    const found: number[] = [];
    const matcher = new Matcher(text);
    const marks = new Marks(this.#program.branches, text.length);
    let from = 0;
    let lastEnd = -1;
    while (from <= text.length) {
      let start = from;
      let end = -1;
      for (; start <= text.length; start = matcher.after(start)) {
        end = matcher.run(this.#program, start, marks);
        if (end >= 0) break;
      }
      if (end < 0) break;
      // What failed stays failed; what succeeded can only be asked again where the match ended.
      marks.clear(end);
      if (end === start && start === lastEnd) {
        from = matcher.after(from);
        continue;
      }
      found.push(start, end);
      from = end;
      lastEnd = end;
    }
    return found;
  }
}

/** Which branches were tried at which positions. */
class Marks {
  readonly #branches: number;
  readonly #bits: Uint8Array;

  constructor(branches: number, length: number) {
    this.#branches = branches;
    this.#bits = new Uint8Array(((length + 1) * branches + 7) >> 3);
  }

  /** False when it was marked before. */
  mark(branch: number, at: number): boolean {
    const bit = at * this.#branches + branch;
    const mask = 1 << (bit & 7);
    const byte = this.#bits[bit >> 3]!;
    if ((byte & mask) !== 0) return false;
    this.#bits[bit >> 3] = byte | mask;
    return true;
  }

  clear(at: number): void {
    for (let bit = at * this.#branches; bit < (at + 1) * this.#branches; bit++)
      this.#bits[bit >> 3] = this.#bits[bit >> 3]! & ~(1 << (bit & 7));
  }
}

/** Marks of one run of an inner pattern. */
class FewMarks {
  readonly #seen = new Set<number>();

  mark(branch: number, at: number): boolean {
    const key = branch * 2 ** 32 + at;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}

/** Steps that inner patterns may take, for each character of a text and in all. Published patterns take fewer than ten. */
const innerSteps = { each: 1000, all: 1_000_000 };

/** Runs programs on one text. */
class Matcher {
  readonly #text: string;
  #left: number;
  /** Ends of inner patterns by where they begin; -1 for none. */
  readonly #inner = new Map<Program, Map<number, number>>();

  constructor(text: string) {
    this.#text = text;
    this.#left = innerSteps.all + innerSteps.each * text.length;
  }

  after(at: number): number {
    return at + ((this.#text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
  }

  #before(at: number): number {
    if (at <= 0) return -1;
    const high = at >= 2 ? this.#text.codePointAt(at - 2)! : 0;
    return high > 0xffff ? at - 2 : at - 1;
  }

  /** Where the program ends when it begins at `start`, or -1. */
  run(program: Program, start: number, marks: { mark(branch: number, at: number): boolean }, counted = false): number {
    const text = this.#text;
    const { steps } = program;
    const pending: number[] = [];
    let at = start;
    let next = 0;
    for (;;) {
      const step = steps[next]!;
      if (counted && --this.#left < 0) throw new PatternError('takes too long on this text');
      let failed = false;
      switch (step.op) {
        case 'set': {
          const code = at < text.length ? text.codePointAt(at)! : -1;
          if (code >= 0 && step.set.has(code)) {
            at += code > 0xffff ? 2 : 1;
            next++;
          } else failed = true;
          break;
        }
        case 'branch': {
          const code = at < text.length ? text.codePointAt(at)! : -1;
          const first = step.firstSet === undefined || (code >= 0 && step.firstSet.has(code));
          const second = step.secondSet === undefined || (code >= 0 && step.secondSet.has(code));
          if (!first && !second) failed = true;
          else if (!first) next = step.second;
          else if (!marks.mark(step.id, at)) failed = true;
          else {
            if (second) pending.push(step.second, at);
            next = step.first;
          }
          break;
        }
        case 'jump':
          next = step.to;
          break;
        case 'edge':
          if (this.#isEdge(step.edge, at)) next++;
          else failed = true;
          break;
        case 'look': {
          const found =
            step.back === undefined ? this.#end(step.inner, at) >= 0 : this.#behind(step.inner, at, step.back);
          if (found !== step.negative) next++;
          else failed = true;
          break;
        }
        case 'atomic': {
          const end = this.#end(step.inner, at);
          if (end >= 0) {
            at = end;
            next++;
          } else failed = true;
          break;
        }
        case 'match':
          return at;
      }
      if (!failed) continue;
      if (pending.length === 0) return -1;
      at = pending.pop()!;
      next = pending.pop()!;
    }
  }

  #end(inner: Program, at: number): number {
    if (inner.branches === 0) return this.run(inner, at, neverMarked, true);
    let ends = this.#inner.get(inner);
    if (ends === undefined) {
      ends = new Map();
      this.#inner.set(inner, ends);
    }
    const known = ends.get(at);
    if (known !== undefined) return known;
    const end = this.run(inner, at, new FewMarks(), true);
    ends.set(at, end);
    return end;
  }

  #behind(inner: Program, at: number, [least, most]: readonly [number, number]): boolean {
    let start = at;
    for (let length = 0; length <= most && start >= 0; length++) {
      if (length >= least && this.#endsAt(inner, start, at)) return true;
      start = this.#before(start);
    }
    return false;
  }

  /** True when the program can end exactly at `end`. */
  #endsAt(inner: Program, start: number, end: number): boolean {
    const upTo = new Matcher(this.#text.slice(start, end));
    const steps = inner.steps.map((step) => (step.op === 'match' ? ({ op: 'edge', edge: 'end' } as const) : step));
    return upTo.run({ steps: [...steps, { op: 'match' }], branches: inner.branches }, 0, new FewMarks()) >= 0;
  }

  #isEdge(edge: Edge, at: number): boolean {
    const text = this.#text;
    switch (edge) {
      case 'start':
        return at === 0;
      case 'end':
        return at === text.length;
      case 'endOrNewline':
        return at === text.length || (at === text.length - 1 && text[at] === '\n');
      case 'lineStart':
        return at === 0 || (text[at - 1] === '\n' && at < text.length);
      case 'lineEnd':
        return at === text.length || text[at] === '\n';
      default: {
        const before = this.#before(at);
        const left = before >= 0 && onigurumaWord.has(text.codePointAt(before)!);
        const right = at < text.length && onigurumaWord.has(text.codePointAt(at)!);
        return (left !== right) === (edge === 'word');
      }
    }
  }
}

const neverMarked = { mark: (): boolean => true };
