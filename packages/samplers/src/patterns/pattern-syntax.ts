import { TokenwrightError } from '@tokenwright/core';

/** A regular expression cannot be used. `position` is the place of the problem, in UTF-16 units from 0. */
export class PatternError extends TokenwrightError {
  readonly pattern: string;
  readonly position: number;

  constructor(pattern: string, position: number, problem: string) {
    super(`regex: ${problem} at position ${position} of ${JSON.stringify(pattern)}.`);
    this.pattern = pattern;
    this.position = position;
  }
}

/** Code points as closed ranges, ascending and disjoint: [from, to, from, to, ...]. */
export type CharacterSet = readonly number[];

/** A parsed pattern. */
export type Pattern =
  | { readonly kind: 'characters'; readonly set: CharacterSet }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly options: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly part: Pattern; readonly from: number; readonly to: number };

/**
 * Read a pattern. The syntax is that of JavaScript's `u` flag without look-around, back references and names: characters,
 * `.`, classes `[a-z]` and `[^...]`, `\d \w \s \D \W \S`, `\n \r \t \v \f \0 \xHH \uHHHH \u{H}`, escaped punctuation, groups `(...)`
 * and `(?:...)`, `|`, `*`, `+`, `?`, `{m}`, `{m,}`, `{m,n}`. `^` is allowed at the very beginning and `$` at the very end; both
 * are implied.
 *
 * @throws PatternError for everything else.
 */
export function parsePattern(pattern: string): Pattern {
  return new Parser(pattern).parse();
}

export function isIn(set: CharacterSet, point: number): boolean {
  for (let i = 0; i < set.length; i += 2) if (point >= set[i]! && point <= set[i + 1]!) return true;
  return false;
}

const lastPoint = 0x10ffff;

const digits: CharacterSet = [0x30, 0x39];
const word: CharacterSet = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
const space: CharacterSet = [
  0x09, 0x0d, 0x20, 0x20, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f,
  0x3000, 0x3000, 0xfeff, 0xfeff,
];
const lineEnds: CharacterSet = [0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029];

/** Escapes for one character. */
const controls: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, v: 0x0b, f: 0x0c };
/** Escapes for a set. */
const sets: Readonly<Record<string, CharacterSet>> = {
  d: digits,
  D: complement(digits),
  w: word,
  W: complement(word),
  s: space,
  S: complement(space),
};

const special = '^$\\.*+?()[]{}|/';

class Parser {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): Pattern {
    if (this.#peek() === '^') this.#at++;
    const result = this.#choice();
    if (this.#peek() === '$' && this.#at === this.#pattern.length - 1) this.#at++;
    if (this.#at < this.#pattern.length) this.#fail(this.#peek() === ')' ? "')' without '('" : this.#unsupported());
    return result;
  }

  #choice(): Pattern {
    const options = [this.#sequence()];
    while (this.#peek() === '|') {
      this.#at++;
      options.push(this.#sequence());
    }
    return options.length === 1 ? options[0]! : { kind: 'choice', options };
  }

  #sequence(): Pattern {
    const parts: Pattern[] = [];
    for (;;) {
      const next = this.#peek();
      if (next === '' || next === '|' || next === ')') break;
      if (next === '$' && this.#at === this.#pattern.length - 1) break;
      parts.push(this.#repeated(this.#atom()));
    }
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  }

  #atom(): Pattern {
    const next = this.#peek();
    if (next === '(') return this.#group();
    if (next === '[') return characters(this.#class());
    if (next === '.') {
      this.#at++;
      return characters(complement(lineEnds));
    }
    if (next === '\\') {
      const escaped = this.#escape(false);
      return characters(typeof escaped === 'number' ? [escaped, escaped] : escaped);
    }
    if (special.includes(next) && next !== '/') this.#fail(this.#unsupported());
    const point = this.#point();
    return characters([point, point]);
  }

  #group(): Pattern {
    const start = this.#at++;
    if (this.#peek() === '?') {
      if (this.#pattern[this.#at + 1] !== ':') this.#fail("only '(...)' and '(?:...)' are supported");
      this.#at += 2;
    }
    const result = this.#choice();
    if (this.#peek() !== ')') throw new PatternError(this.#pattern, start, "'(' without ')'");
    this.#at++;
    return result;
  }

  #repeated(part: Pattern): Pattern {
    const start = this.#at;
    const next = this.#peek();
    let bounds: readonly [number, number] | undefined;
    if (next === '*') bounds = [0, Infinity];
    else if (next === '+') bounds = [1, Infinity];
    else if (next === '?') bounds = [0, 1];
    if (bounds !== undefined) this.#at++;
    else if (next === '{') {
      const match = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.#pattern.slice(start));
      if (match === null) this.#fail("'{' must begin {m}, {m,} or {m,n}");
      const from = Number(match[1]);
      const to = match[2] === undefined ? from : match[3] === '' ? Infinity : Number(match[3]);
      if (to < from) this.#fail('a repetition with the larger bound first');
      this.#at += match[0].length;
      bounds = [from, to];
    }
    if (bounds === undefined) return part;
    if (this.#peek() === '?') this.#fail('a lazy repetition, which has no meaning for a mask');
    if ('*+{'.includes(this.#peek() || ' ')) this.#fail('a repetition of a repetition');
    return { kind: 'repeat', part, from: bounds[0], to: bounds[1] };
  }

  #class(): CharacterSet {
    const start = this.#at++;
    const negated = this.#peek() === '^';
    if (negated) this.#at++;
    const ranges: number[] = [];
    while (this.#peek() !== ']') {
      if (this.#peek() === '') throw new PatternError(this.#pattern, start, "'[' without ']'");
      const at = this.#at;
      const from = this.#member();
      const isRange =
        this.#peek() === '-' && this.#pattern[this.#at + 1] !== ']' && this.#at + 1 < this.#pattern.length;
      if (!isRange) {
        ranges.push(...(typeof from === 'number' ? [from, from] : from));
        continue;
      }
      this.#at++;
      const to = this.#member();
      if (typeof from !== 'number' || typeof to !== 'number' || to < from)
        throw new PatternError(this.#pattern, at, 'a range that is none');
      ranges.push(from, to);
    }
    this.#at++;
    const set = negated ? complement(ordered(ranges)) : ordered(ranges);
    if (set.length === 0) throw new PatternError(this.#pattern, start, 'a class that no character is in');
    return set;
  }

  #member(): number | CharacterSet {
    return this.#peek() === '\\' ? this.#escape(true) : this.#point();
  }

  /** An escape. */
  #escape(inClass: boolean): number | CharacterSet {
    const start = this.#at++;
    const name = this.#peek();
    if (name === '') throw new PatternError(this.#pattern, start, 'a backslash at the end');
    this.#at++;
    if (Object.hasOwn(sets, name)) return sets[name]!;
    if (Object.hasOwn(controls, name)) return controls[name]!;
    if (special.includes(name) || (inClass && name === '-')) return name.codePointAt(0)!;
    if (name === '0' && !/\d/.test(this.#peek())) return 0;
    const rest = this.#pattern.slice(start);
    const hex = /^\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\})/i.exec(rest);
    const point = hex === null ? Number.NaN : Number.parseInt((hex[1] ?? hex[2] ?? hex[3])!, 16);
    if (hex === null || point > lastPoint || (point >= 0xd800 && point <= 0xdfff))
      throw new PatternError(this.#pattern, start, `the escape '\\${name}', which is not supported,`);
    this.#at = start + hex[0].length;
    return point;
  }

  /** One literal character. */
  #point(): number {
    const point = this.#pattern.codePointAt(this.#at)!;
    this.#at += point > 0xffff ? 2 : 1;
    return point;
  }

  /** The next UTF-16 unit; '' at the end. */
  #peek(): string {
    return this.#pattern[this.#at] ?? '';
  }

  #unsupported(): string {
    const next = this.#peek();
    if (next === '^' || next === '$') return `'${next}' inside the pattern, which is not supported,`;
    if (next === '*' || next === '+' || next === '?') return `'${next}' with nothing to repeat`;
    return `'${next}' that is not escaped`;
  }

  #fail(problem: string): never {
    throw new PatternError(this.#pattern, this.#at, problem);
  }
}

function characters(set: CharacterSet): Pattern {
  return { kind: 'characters', set };
}

/** Sorted ranges, with adjacent ones joined. */
function ordered(ranges: readonly number[]): CharacterSet {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  const result: number[] = [];
  for (const [from, to] of pairs) {
    const last = result.length - 1;
    if (last > 0 && from <= result[last]! + 1) result[last] = Math.max(result[last]!, to);
    else result.push(from, to);
  }
  return result;
}

function complement(set: CharacterSet): CharacterSet {
  const result: number[] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > next) result.push(next, set[i]! - 1);
    next = set[i + 1]! + 1;
  }
  if (next <= lastPoint) result.push(next, lastPoint);
  return result;
}
