import { GrammarSyntaxError } from '../errors.ts';
import { type CodePoints, complement, ordered } from '../expressions/utf8.ts';
import { groupLimit, type Rule } from './rules.ts';

const escapes: { readonly [name: string]: string } = { n: '\n', r: '\r', t: '\t' };
/** Rules by name, and where they are in the grammar. */
export interface ParsedRules {
  readonly rules: ReadonlyMap<string, Rule>;
  readonly positions: ReadonlyMap<string, number>;
}

/** Read rules in the notation of llama.cpp. */
export function parseGbnf(grammar: string): ParsedRules {
  let at = 0;
  const rules = new Map<string, Rule>();
  const positions = new Map<string, number>();
  const fail = (problem: string, position = at): never => {
    throw new GrammarSyntaxError(grammar, position, problem);
  };
  /** White space and comments. `lines`: line ends too. */
  const skip = (lines: boolean): void => {
    for (;;) {
      const sign = grammar[at];
      if (sign === ' ' || sign === '\t' || (lines && (sign === '\n' || sign === '\r'))) at++;
      else if (sign === '#') while (at < grammar.length && grammar[at] !== '\n') at++;
      else return;
    }
  };
  const word = (): string => {
    const found = /^[A-Za-z0-9_-]+/.exec(grammar.slice(at, at + 256));
    if (found === null) return fail('a name is missing');
    at += found[0].length;
    return found[0];
  };
  for (skip(true); at < grammar.length; skip(true)) {
    const start = at;
    const name = word();
    skip(false);
    if (grammar.slice(at, at + 3) !== '::=') fail("'::=' is missing");
    at += 3;
    skip(true);
    if (rules.has(name)) fail(`a second rule '${name}'`, start);
    rules.set(name, choice(0));
    positions.set(name, start);
    skip(false);
    if (at < grammar.length && grammar[at] !== '\n' && grammar[at] !== '\r') fail(`an unexpected '${grammar[at]}'`);
  }
  return { rules, positions };

  function choice(depth: number): Rule {
    if (depth > groupLimit) fail(`more than ${groupLimit} groups inside each other`);
    const parts = [sequence(depth)];
    for (;;) {
      const before = at;
      skip(depth > 0);
      // A line that starts with '|' continues the rule.
      if (grammar[at] !== '|') {
        at = before;
        skip(true);
        if (grammar[at] !== '|') {
          at = before;
          break;
        }
      }
      at++;
      skip(true);
      parts.push(sequence(depth));
    }
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  }

  function sequence(depth: number): Rule {
    const parts: Rule[] = [];
    for (;;) {
      skip(depth > 0);
      const sign = grammar[at];
      if (sign === undefined || sign === '\n' || sign === '\r' || sign === '|' || sign === ')') break;
      let part = atom(depth);
      for (let bounds = quantifier(); bounds !== undefined; bounds = quantifier())
        part = { kind: 'repeat', part, min: bounds[0], max: bounds[1] };
      parts.push(part);
    }
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  }

  function quantifier(): readonly [number, number] | undefined {
    const sign = grammar[at];
    if (sign === '*' || sign === '+' || sign === '?') {
      at++;
      return sign === '*' ? [0, Number.POSITIVE_INFINITY] : sign === '+' ? [1, Number.POSITIVE_INFINITY] : [0, 1];
    }
    if (sign !== '{') return undefined;
    const found = /^\{\s*(\d*)\s*(,?)\s*(\d*)\s*\}/.exec(grammar.slice(at, at + 64));
    if (found === null || (found[1] === '' && found[3] === ''))
      return fail("a repetition that is not '{m}', '{m,}' or '{m,n}'");
    at += found[0].length;
    const min = Number(found[1] || '0');
    const max = found[2] === '' ? min : found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3]);
    return max < min ? fail('a repetition with the larger bound first') : [min, max];
  }

  function atom(depth: number): Rule {
    const start = at;
    const sign = grammar[at]!;
    if (sign === '"') {
      at++;
      let text = '';
      while (grammar[at] !== '"') {
        if (at >= grammar.length) fail("a text without a closing '\"'", start);
        text += String.fromCodePoint(character());
      }
      at++;
      return { kind: 'text', text };
    }
    if (sign === '[') return { kind: 'set', set: characterClass() };
    if (sign === '.') {
      at++;
      return { kind: 'set', set: [0, 0x10ffff] };
    }
    if (sign === '(') {
      at++;
      const inner = choice(depth + 1);
      skip(true);
      if (grammar[at] !== ')') fail("'(' without ')'", start);
      at++;
      return inner;
    }
    if (!/[A-Za-z0-9_-]/.test(sign)) fail(`an unexpected '${sign}'`);
    return { kind: 'name', name: word(), position: start };
  }

  function characterClass(): CodePoints {
    const start = at++;
    const negated = grammar[at] === '^';
    if (negated) at++;
    const ranges: number[] = [];
    while (grammar[at] !== ']') {
      if (at >= grammar.length) fail("'[' without ']'", start);
      const from = character();
      let to = from;
      if (grammar[at] === '-' && grammar[at + 1] !== ']') {
        at++;
        to = character();
        if (to < from) fail('a range with the larger end first', start);
      }
      ranges.push(from, to);
    }
    at++;
    return negated ? complement(ordered(ranges)) : ordered(ranges);
  }

  function character(): number {
    if (grammar[at] !== '\\') {
      const point = grammar.codePointAt(at)!;
      at += point > 0xffff ? 2 : 1;
      return point;
    }
    const hex = /^\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))/.exec(grammar.slice(at, at + 12));
    if (hex !== null) {
      at += hex[0].length;
      const point = Number.parseInt((hex[1] ?? hex[2] ?? hex[3])!, 16);
      return point > 0x10ffff ? fail('a code point that does not exist') : point;
    }
    const name = grammar[at + 1];
    if (name === undefined) return fail('a backslash at the end');
    if (escapes[name] !== undefined) {
      at += 2;
      return escapes[name].charCodeAt(0);
    }
    if (!'"\\[]-^'.includes(name)) return fail(`the escape '\\${name}', which is not supported,`);
    at += 2;
    return name.charCodeAt(0);
  }
}
