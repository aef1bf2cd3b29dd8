import { GrammarSyntaxError } from '../errors.ts';
import { type CodePoints, complement, lastCodePoint, ordered } from '../expressions/utf8.ts';

/** A parsed pattern. */
export type Pattern =
  | { readonly kind: 'set'; readonly set: CodePoints }
  | { readonly kind: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly part: Pattern; readonly min: number; readonly max: number }
  | { readonly kind: 'look'; readonly part: Pattern; readonly negative: boolean }
  | { readonly kind: 'start' | 'end' };

const digits: CodePoints = [0x30, 0x39];
const word: CodePoints = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
const space: CodePoints = ordered([
  9, 13, 0x20, 0x20, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000,
  0x3000, 0xfeff, 0xfeff,
]);
const lineEnds: CodePoints = [10, 10, 13, 13, 0x2028, 0x2029];
const sets: { readonly [name: string]: CodePoints } = {
  d: digits,
  D: complement(digits),
  w: word,
  W: complement(word),
  s: space,
  S: complement(space),
};
const controls: { readonly [name: string]: number } = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };

const properties = new Map<string, CodePoints>();

/** The code points with a Unicode property, asked of the JavaScript engine. */
function property(name: string, negated: boolean): CodePoints | undefined {
  const key = `${negated}${name}`;
  let set = properties.get(key);
  if (set === undefined) {
    let test: RegExp;
    try {
      test = new RegExp(`^\\${negated ? 'P' : 'p'}{${name}}$`, 'u');
    } catch {
      return undefined;
    }
    const ranges: number[] = [];
    for (let point = 0; point <= lastCodePoint; point++) {
      if (!test.test(String.fromCodePoint(point))) continue;
      if (ranges.length > 0 && ranges.at(-1) === point - 1) ranges[ranges.length - 1] = point;
      else ranges.push(point, point);
    }
    set = ranges;
    properties.set(key, set);
  }
  return set;
}

/** Groups inside groups, at most. */
const depthLimit = 200;

/**
 * Read a pattern in the syntax of JavaScript: characters, `.`, classes, `\d \w \s \p{...}` and their negations, groups,
 * `|`, quantifiers (a lazy one means the same language), `^`, `$` and look-ahead. As without the `u` flag, an escaped sign
 * means itself, and `{`, `}` and `]` mean themselves where nothing else fits.
 *
 * @param fold what a set of written characters means besides itself, for patterns that ignore case.
 * @throws GrammarSyntaxError with the position of what cannot be used.
 */
export function parsePattern(text: string, fold: (set: CodePoints) => CodePoints = (set) => set): Pattern {
  let at = 0;
  let depth = 0;
  const fail = (problem: string, position = at): never => {
    throw new GrammarSyntaxError(text, position, problem);
  };
  const result = choice();
  if (at < text.length) fail("')' without '('");
  return result;

  function choice(): Pattern {
    if (++depth > depthLimit) fail(`more than ${depthLimit} groups inside each other`);
    const parts = [sequence()];
    while (text[at] === '|') {
      at++;
      parts.push(sequence());
    }
    depth--;
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  }

  function sequence(): Pattern {
    const parts: Pattern[] = [];
    while (at < text.length && text[at] !== '|' && text[at] !== ')') parts.push(quantified());
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  }

  function quantified(): Pattern {
    const start = at;
    let part = atom();
    for (let count = 0; ; count++) {
      const bounds = quantifier();
      if (bounds === undefined) return part;
      if (count > 0) fail('a repetition of a repetition', start);
      if (part.kind === 'start' || part.kind === 'end' || part.kind === 'look')
        fail('a repetition with nothing to repeat', start);
      if (bounds[0] > bounds[1]) fail('a repetition with the larger bound first', start);
      if (text[at] === '?') at++;
      part = { kind: 'repeat', part, min: bounds[0], max: bounds[1] };
    }
  }

  function quantifier(): [number, number] | undefined {
    const sign = text[at];
    if (sign === '*' || sign === '+' || sign === '?') {
      at++;
      return sign === '*' ? [0, Number.POSITIVE_INFINITY] : sign === '+' ? [1, Number.POSITIVE_INFINITY] : [0, 1];
    }
    if (sign !== '{') return undefined;
    const found = /^\{(\d+)(,(\d*))?\}/.exec(text.slice(at, at + 30));
    if (found === null) return undefined;
    at += found[0].length;
    const min = Number(found[1]);
    return [min, found[2] === undefined ? min : found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3])];
  }

  function atom(): Pattern {
    const sign = text[at]!;
    if (sign === '(') return group();
    if (sign === '[') return { kind: 'set', set: characterClass() };
    if (sign === '*' || sign === '+' || sign === '?') fail(`'${sign}' with nothing to repeat`);
    if (sign === '^' || sign === '$') {
      at++;
      return { kind: sign === '^' ? 'start' : 'end' };
    }
    if (sign === '.') {
      at++;
      return { kind: 'set', set: complement(lineEnds) };
    }
    const member = sign === '\\' ? escaped(false) : point();
    return { kind: 'set', set: typeof member === 'number' ? fold([member, member]) : member };
  }

  function group(): Pattern {
    const start = at;
    const head = /^\((\?(?::|=|!|<[A-Za-z_$][\w$]*>))?/.exec(text.slice(at))!;
    at += head[0].length;
    if (head[1] === undefined && text[at] === '?') fail('a group of a kind that is not supported', start);
    const part = choice();
    if (text[at] !== ')') fail("'(' without ')'", start);
    at++;
    if (head[1] === '?=' || head[1] === '?!') return { kind: 'look', part, negative: head[1] === '?!' };
    return part;
  }

  function characterClass(): CodePoints {
    const start = at++;
    const negated = text[at] === '^';
    if (negated) at++;
    const ranges: number[] = [];
    while (text[at] !== ']') {
      if (at >= text.length) fail("'[' without ']'", start);
      const from = member();
      if (text[at] !== '-' || text[at + 1] === ']' || at + 1 >= text.length) {
        if (typeof from === 'number') ranges.push(from, from);
        else ranges.push(...from);
        continue;
      }
      const dash = at++;
      const to = member();
      if (typeof from !== 'number' || typeof to !== 'number') {
        for (const one of [from, 0x2d, to]) ranges.push(...(typeof one === 'number' ? [one, one] : one));
      } else if (to < from) fail('a range with the larger end first', dash);
      else ranges.push(from, to);
    }
    at++;
    const set = fold(ordered(ranges));
    return negated ? complement(set) : set;
  }

  function member(): number | CodePoints {
    return text[at] === '\\' ? escaped(true) : point();
  }

  function escaped(inClass: boolean): number | CodePoints {
    const start = at++;
    const name = text[at];
    if (name === undefined) return fail('a backslash at the end', start);
    if (Object.hasOwn(sets, name)) {
      at++;
      return sets[name]!;
    }
    if (inClass && name === 'b') {
      at++;
      return 8;
    }
    if (name === '0' && /\d/.test(text[at + 1] ?? '')) return fail('an octal escape, which is not supported,', start);
    if (Object.hasOwn(controls, name)) {
      at++;
      return controls[name]!;
    }
    const rest = text.slice(start);
    const named = /^\\([pP])\{([\w=]+)\}/.exec(rest);
    if (named !== null) {
      at = start + named[0].length;
      return property(named[2]!, named[1] === 'P') ?? fail(`the unknown property '${named[2]}'`, start);
    }
    const control = /^\\c([A-Za-z])/.exec(rest);
    if (control !== null) {
      at = start + 3;
      return control[1]!.charCodeAt(0) % 32;
    }
    const pair = /^\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/i.exec(rest);
    if (pair !== null) {
      at = start + pair[0].length;
      return String.fromCharCode(Number.parseInt(pair[1]!, 16), Number.parseInt(pair[2]!, 16)).codePointAt(0)!;
    }
    const hex = /^\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\})/i.exec(rest);
    if (hex !== null) {
      const value = Number.parseInt((hex[1] ?? hex[2] ?? hex[3])!, 16);
      if (value > lastCodePoint) fail('a code point that does not exist', start);
      at = start + hex[0].length;
      return value;
    }
    if (/[A-Za-z0-9]/.test(name)) return fail(`the escape '\\${name}', which is not supported,`, start);
    return point();
  }

  function point(): number {
    const value = text.codePointAt(at)!;
    at += value > 0xffff ? 2 : 1;
    return value;
  }
}
