import { CodeSet, codesOf } from './code-set.ts';

/** A parsed regular expression. Groups keep nothing: only where a match begins and ends is asked. */
export type Syntax =
  | { readonly kind: 'set'; readonly set: CodeSet }
  | { readonly kind: 'sequence'; readonly parts: readonly Syntax[] }
  | { readonly kind: 'choice'; readonly options: readonly Syntax[] }
  | {
      readonly kind: 'repeat';
      readonly part: Syntax;
      readonly min: number;
      readonly max: number;
      readonly mode: 'greedy' | 'lazy';
    }
  | { readonly kind: 'atomic'; readonly part: Syntax }
  | { readonly kind: 'look'; readonly part: Syntax; readonly behind: boolean; readonly negative: boolean }
  | { readonly kind: 'edge'; readonly edge: Edge };

/** Where a position must be. */
export type Edge = 'start' | 'end' | 'endOrNewline' | 'lineStart' | 'lineEnd' | 'word' | 'notWord';

/** What a pattern lacks or has too much of; the caller names the file. */
export class PatternError extends Error {
  override name = 'PatternError';
}

type Contains = (code: number) => boolean;

const wordBody = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';
/** Outside brackets, `\w` and `\b` also count the small numbers of Latin-1. */
const wordOutside = `${wordBody}\\xB2\\xB3\\xB9\\xBC-\\xBE`;
/** Word characters of Oniguruma outside brackets. */
export const onigurumaWord: CodeSet = new CodeSet(codesOf(new RegExp(`^[${wordOutside}]$`, 'u')));

/** Named classes that are not Unicode properties, in brackets and as properties. */
const namedClasses: ReadonlyMap<string, string> = new Map([
  ['alnum', '\\p{Alphabetic}\\p{Nd}'],
  ['alpha', '\\p{Alphabetic}'],
  ['ascii', '\\0-\\x7F'],
  ['blank', '\\t\\p{Zs}'],
  ['cntrl', '\\p{Cc}'],
  ['digit', '\\p{Nd}'],
  ['lower', '\\p{Lowercase}'],
  ['punct', '\\p{P}\\p{S}'],
  ['space', '\\p{White_Space}'],
  ['upper', '\\p{Uppercase}'],
  ['word', wordBody],
  ['xdigit', '0-9A-Fa-f'],
]);
const shorthands: ReadonlyMap<string, string> = new Map([
  ['d', '\\p{Nd}'],
  ['s', '\\p{White_Space}'],
  ['h', '0-9A-Fa-f'],
]);
const controls: ReadonlyMap<string, number> = new Map([
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
  ['a', 7],
  ['e', 27],
]);

/** A pattern makes at most this many steps of a program; real ones make a few hundred. */
const largestRepeat = 1000;
const deepest = 100;

/**
 * Parse a regular expression of Oniguruma, in which the patterns of tokenizer.json are written.
 *
 * @throws PatternError for syntax that is wrong, and for what is not supported: references, recursion, conditions, absent parts.
 */
export function parsePattern(source: string): Syntax {
  return new Parser(source).parse();
}

class Parser {
  readonly #source: string;
  #at = 0;
  #ignoreCase = false;
  #dotAll = false;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): Syntax {
    const all = this.#choice();
    if (this.#at < this.#source.length) throw this.#error('an unmatched )');
    return all;
  }

  #error(problem: string): PatternError {
    return new PatternError(`${problem} at character ${this.#at + 1}`);
  }

  #eat(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #code(): number {
    const code = this.#source.codePointAt(this.#at);
    if (code === undefined) throw this.#error('it ends too early');
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  #choice(): Syntax {
    if (++this.#depth > deepest) throw this.#error('groups are nested too deeply');
    const options = [this.#sequence()];
    while (this.#eat('|')) options.push(this.#sequence());
    this.#depth--;
    return options.length === 1 ? options[0]! : { kind: 'choice', options };
  }

  #sequence(): Syntax {
    const parts: Syntax[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at]!)) {
      const part = this.#atom();
      if (part !== undefined) parts.push(this.#repeats(part));
    }
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  }

  #repeats(one: Syntax): Syntax {
    let part = one;
    for (;;) {
      const before = this.#at;
      const bounds = this.#bounds();
      if (bounds === undefined) return part;
      const interval = this.#source[before] === '{';
      const [min, max] = bounds;
      if (this.#eat('?')) part = { kind: 'repeat', part, min, max, mode: 'lazy' };
      else if (!interval && this.#eat('+'))
        part = { kind: 'atomic', part: { kind: 'repeat', part, min, max, mode: 'greedy' } };
      else part = { kind: 'repeat', part, min, max, mode: 'greedy' };
    }
  }

  #bounds(): [number, number] | undefined {
    if (this.#eat('*')) return [0, Infinity];
    if (this.#eat('+')) return [1, Infinity];
    if (this.#eat('?')) return [0, 1];
    const interval = /^\{(?:(\d+)(,(\d*))?|,(\d+))\}/.exec(this.#source.slice(this.#at, this.#at + 24));
    if (interval === null) return undefined;
    const [text, from, comma, to, only] = interval;
    const min = Number(from ?? 0);
    const max = only !== undefined ? Number(only) : comma === undefined ? min : to === '' ? Infinity : Number(to);
    if (min > max) throw this.#error('a repetition with its bounds the wrong way round');
    if (min > largestRepeat || (max !== Infinity && max > largestRepeat))
      throw this.#error(`a repetition of more than ${largestRepeat}`);
    this.#at += text.length;
    return [min, max];
  }

  /** One atom; undefined for what only changes flags. */
  #atom(): Syntax | undefined {
    if (this.#eat('(')) return this.#group();
    if (this.#source[this.#at] === '[') {
      this.#at++;
      return { kind: 'set', set: new CodeSet(this.#class()) };
    }
    if (this.#eat('.')) {
      const all = this.#dotAll;
      return { kind: 'set', set: new CodeSet((code) => all || code !== 10) };
    }
    if (this.#eat('^')) return { kind: 'edge', edge: 'lineStart' };
    if (this.#eat('$')) return { kind: 'edge', edge: 'lineEnd' };
    if ('*+?'.includes(this.#source[this.#at]!)) throw this.#error('a repetition of nothing');
    if (this.#source[this.#at] !== '\\') return this.#literal(this.#code());
    return this.#escape();
  }

  #literal(code: number): Syntax {
    return { kind: 'set', set: new CodeSet(this.#range(code, code)) };
  }

  #escape(): Syntax {
    const edges: Readonly<Record<string, Edge>> = {
      A: 'start',
      z: 'end',
      Z: 'endOrNewline',
      b: 'word',
      B: 'notWord',
    };
    const next = this.#source[this.#at + 1];
    if (next !== undefined && Object.hasOwn(edges, next)) {
      this.#at += 2;
      return { kind: 'edge', edge: edges[next]! };
    }
    const set = this.#escapedSet(wordOutside);
    if (set !== undefined) return { kind: 'set', set: new CodeSet(set) };
    return this.#literal(this.#escapedCode());
  }

  /** A class by its escape, `\s` or `\p{L}`; undefined when the escape is one character. */
  #escapedSet(word = wordBody): Contains | undefined {
    const letter = this.#source[this.#at + 1] ?? '';
    const short = letter === 'w' || letter === 'W' ? word : shorthands.get(letter.toLowerCase());
    if (short !== undefined) {
      this.#at += 2;
      return this.#body(short, letter !== letter.toLowerCase());
    }
    if (letter !== 'p' && letter !== 'P') return undefined;
    const property = /^\\[pP]\{(\^?)([^}]*)\}/.exec(this.#source.slice(this.#at, this.#at + 80));
    if (property === null) throw this.#error('a property without its name in braces');
    const [text, not, name] = property;
    const body = this.#property(name!);
    this.#at += text.length;
    return this.#body(body, (letter === 'P') !== (not === '^'));
  }

  #property(name: string): string {
    const named = namedClasses.get(name.toLowerCase());
    // Only in brackets does it hold symbols, too.
    if (named !== undefined) return name.toLowerCase() === 'punct' ? '\\p{P}' : named;
    // Names are compared without case, spaces and underscores: 'han', 'Uppercase_Letter'.
    const words = name.split(/[\s_-]+/).map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase());
    for (const spelled of [name, words.join('_'), words.join('')])
      for (const body of [`\\p{${spelled}}`, `\\p{Script=${spelled}}`]) {
        if (!/^[\w=\\{}]+$/.test(body)) continue;
        try {
          new RegExp(`[${body}]`, 'u');
          return body;
        } catch {
          // Not a property of this name.
        }
      }
    throw this.#error(`the property '${name}', which is not known`);
  }

  #body(body: string, negative: boolean): Contains {
    const inside = codesOf(new RegExp(`^[${body}]$`, this.#ignoreCase ? 'iu' : 'u'));
    return negative ? (code) => !inside(code) : inside;
  }

  #range(from: number, to: number): Contains {
    if (!this.#ignoreCase) return (code) => code >= from && code <= to;
    const [first, last] = [from, to].map((code) => `\\u{${code.toString(16)}}`);
    return codesOf(new RegExp(`^[${first}-${last}]$`, 'iu'));
  }

  /** One character by its escape. */
  #escapedCode(): number {
    this.#at++;
    const rest = this.#source.slice(this.#at, this.#at + 12);
    const hex = /^(?:x\{([0-9A-Fa-f]{1,8})\}|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4}))/.exec(rest);
    if (hex !== null) {
      const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3]!, 16);
      if (code > 0x10ffff) throw this.#error('a character beyond Unicode');
      this.#at += hex[0].length;
      return code;
    }
    const code = this.#code();
    const letter = String.fromCodePoint(code);
    const control = controls.get(letter);
    if (control !== undefined) return control;
    if (letter === '0' && !/^0[0-7]/.test(rest)) return 0;
    if (/[A-Za-z0-9]/.test(letter)) throw this.#error(`\\${letter}, which is not supported`);
    return code;
  }

  /** A class in brackets, after its `[`. */
  #class(): Contains {
    if (++this.#depth > deepest) throw this.#error('classes are nested too deeply');
    const negative = this.#eat('^');
    const both: Contains[] = [];
    let any: Contains[] = [];
    let first = true;
    for (;;) {
      if (!first && this.#eat(']')) break;
      if (this.#eat('&&')) {
        both.push(anyOf(any));
        any = [];
        continue;
      }
      first = false;
      const named = /^\[:(\^?)(\w+):\]/.exec(this.#source.slice(this.#at, this.#at + 24));
      const body = named === null ? undefined : namedClasses.get(named[2]!.toLowerCase());
      if (named !== null && body !== undefined) {
        this.#at += named[0].length;
        any.push(this.#body(body, named[1] === '^'));
        continue;
      }
      if (this.#eat('[')) {
        any.push(this.#class());
        continue;
      }
      const set = this.#source[this.#at] === '\\' ? this.#escapedSet() : undefined;
      if (set !== undefined) {
        any.push(set);
        continue;
      }
      const from = this.#classCode();
      const dash =
        this.#source[this.#at] === '-' &&
        !/^-(?:\]|\[|&&|\\[dDsSwWhHpP])/.test(this.#source.slice(this.#at, this.#at + 3));
      if (dash) this.#at++;
      const to = dash ? this.#classCode() : from;
      if (to < from) throw this.#error('a range with its ends the wrong way round');
      any.push(this.#range(from, to));
    }
    both.push(anyOf(any));
    this.#depth--;
    const inside: Contains = both.length === 1 ? both[0]! : (code) => both.every((contains) => contains(code));
    return negative ? (code) => !inside(code) : inside;
  }

  #classCode(): number {
    if (this.#source.startsWith('\\b', this.#at)) {
      this.#at += 2;
      return 8;
    }
    return this.#source[this.#at] === '\\' ? this.#escapedCode() : this.#code();
  }

  #group(): Syntax | undefined {
    const [ignoreCase, dotAll] = [this.#ignoreCase, this.#dotAll];
    const closed = (part: Syntax): Syntax => {
      if (!this.#eat(')')) throw this.#error('a group without its )');
      [this.#ignoreCase, this.#dotAll] = [ignoreCase, dotAll];
      return part;
    };
    if (this.#eat('?#')) {
      const end = this.#source.indexOf(')', this.#at);
      if (end < 0) throw this.#error('a comment without its )');
      this.#at = end + 1;
      return undefined;
    }
    for (const [prefix, behind, negative] of [
      ['?=', false, false],
      ['?!', false, true],
      ['?<=', true, false],
      ['?<!', true, true],
    ] as const)
      if (this.#eat(prefix)) return closed({ kind: 'look', part: this.#choice(), behind, negative });
    if (this.#eat('?>')) return closed({ kind: 'atomic', part: this.#choice() });
    if (!this.#eat('?')) return closed(this.#choice());
    const name = /^<[A-Za-z_]\w*>/.exec(this.#source.slice(this.#at, this.#at + 64));
    if (name !== null) {
      this.#at += name[0].length;
      return closed(this.#choice());
    }
    const flags = /^([im]*)(?:-([im]*))?([:)])/.exec(this.#source.slice(this.#at, this.#at + 12));
    if (flags === null) throw this.#error('a group of a kind that is not supported');
    this.#at += flags[0].length;
    const [, on = '', off = '', end] = flags;
    const set = (): void => {
      this.#ignoreCase = (this.#ignoreCase || on.includes('i')) && !off.includes('i');
      this.#dotAll = (this.#dotAll || on.includes('m')) && !off.includes('m');
    };
    set();
    if (end === ':') return closed(this.#choice());
    // The flags hold up to the end of the group around, the alternatives after them included.
    const rest = this.#choice();
    [this.#ignoreCase, this.#dotAll] = [ignoreCase, dotAll];
    return rest;
  }
}

function anyOf(all: readonly Contains[]): Contains {
  return all.length === 1 ? all[0]! : (code) => all.some((contains) => contains(code));
}
