import { GrammarError, GrammarSyntaxError } from '../errors.ts';
import { Expressions } from '../expressions/expressions.ts';
import { type CodePoints, codePoints, ordered } from '../expressions/utf8.ts';
import { patternLanguage } from '../patterns/language.ts';
import { jsonSchema } from '../schema/json-schema.ts';
import type { Schema } from '../schema/references.ts';
import type { ParsedRules } from './gbnf-syntax.ts';
import { commonTerminals } from './lark-common.ts';
import { groupLimit, type Rule } from './rules.ts';

/** A grammar in Lark's notation, as it is written. */
export interface ParsedLark extends ParsedRules {
  /** What may be between the pieces of a rule. */
  readonly ignored: readonly Rule[];
}

/** True for the name of a terminal: a text in which nothing is ignored. */
export function isTerminal(name: string): boolean {
  return /^_?[A-Z]/.test(name);
}

const directives = ['%ignore', '%import', '%json'];
const imports = Object.keys(commonTerminals);

/** Read rules in the notation of Lark. */
export function parseLark(grammar: string): ParsedLark {
  let at = 0;
  const rules = new Map<string, Rule>();
  const positions = new Map<string, number>();
  const ignored: Rule[] = [];
  const fail = (problem: string, position = at): never => {
    throw new GrammarSyntaxError(grammar, position, problem);
  };
  /** White space and comments. `lines`: line ends too. */
  const skip = (lines: boolean): void => {
    for (;;) {
      const found = lines ? /(?:\s|\/\/[^\n]*|#[^\n]*)+/y : /(?:[ \t\f]|\/\/[^\n]*|#[^\n]*)+/y;
      found.lastIndex = at;
      const text = found.exec(grammar);
      if (text === null) return;
      at += text[0].length;
    }
  };
  /** The text of a pattern that begins here; undefined without one. */
  const take = (pattern: string): RegExpExecArray | undefined => {
    const sticky = new RegExp(pattern, 'y');
    sticky.lastIndex = at;
    const found = sticky.exec(grammar);
    if (found !== null) at += found[0].length;
    return found ?? undefined;
  };
  const define = (name: string, rule: Rule, position: number): void => {
    if (rules.has(name)) fail(`a second rule '${name}'`, position);
    rules.set(name, rule);
    positions.set(name, position);
  };
  const endOfLine = (): void => {
    skip(false);
    if (at < grammar.length && take('\\r?\\n') === undefined) fail(`an unexpected '${grammar[at]}'`);
  };
  for (skip(true); at < grammar.length; skip(true)) {
    if (grammar[at] === '%') directive();
    else definition();
  }
  return { rules, positions, ignored };

  function definition(): void {
    const start = at;
    const head = take('[?!]*(_?[a-zA-Z][a-zA-Z0-9_]*)');
    const name = head?.[1] ?? fail(`an unexpected '${grammar[at]}'`);
    if (!/^_?(?:[a-z][a-z0-9_]*|[A-Z][A-Z0-9_]*)$/.test(name))
      fail(`the name '${name}', which is neither a rule (lower case) nor a terminal (upper case),`, start);
    if (grammar[at] === '{') fail('a template, which is not supported,');
    // Priorities choose among readings of one text, and all readings are followed here.
    take('\\.-?[0-9]+');
    skip(false);
    if (take(':') === undefined) fail("':' is missing");
    define(name, choice(0), start);
    endOfLine();
  }

  function directive(): void {
    const start = at;
    const name = take('%[a-z]*')![0];
    skip(false);
    if (name === '%ignore') ignored.push(choice(0));
    else if (name === '%import') {
      if (take('common\\b') === undefined) fail("an import from elsewhere than 'common', which is not supported,");
      if (take('[ \\t]*\\([ \\t]*') !== undefined) {
        do importOne(false);
        while (take('[ \\t]*,[ \\t]*') !== undefined);
        if (take('[ \\t]*\\)') === undefined) fail("')' is missing");
      } else if (take('\\.') === undefined) fail("'.' is missing");
      else importOne(true);
    } else fail(`'${name}', which is not supported here (allowed are ${directives.join(', ')}),`, start);
    endOfLine();
  }

  function importOne(canRename: boolean): void {
    const start = at;
    const name = take('[A-Z_]+')?.[0] ?? '';
    if (!Object.hasOwn(commonTerminals, name))
      fail(`the terminal '${name}', which is not among ${imports.join(', ')},`, start);
    const renamed = canRename ? take('[ \\t]*->[ \\t]*(_?[A-Z][A-Z0-9_]*)')?.[1] : undefined;
    define(renamed ?? name, patternRule(commonTerminals[name]!, start), start);
  }

  function choice(depth: number): Rule {
    if (depth > groupLimit) fail(`more than ${groupLimit} groups inside each other`);
    const parts = [sequence(depth)];
    for (;;) {
      const before = at;
      // A line that starts with '|' continues the rule.
      skip(true);
      if (grammar[at] !== '|') {
        if (depth === 0) at = before;
        break;
      }
      at++;
      skip(depth > 0);
      parts.push(sequence(depth));
    }
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  }

  function sequence(depth: number): Rule {
    const parts: Rule[] = [];
    for (;;) {
      skip(depth > 0);
      if (take('->[ \\t]*[a-z_][a-z0-9_]*') !== undefined) continue;
      const sign = grammar[at];
      if (sign === undefined || '\n\r|)]'.includes(sign)) break;
      parts.push(repeated(atom(depth)));
    }
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  }

  function repeated(part: Rule): Rule {
    const start = at;
    const sign = take('[?*+]')?.[0];
    if (sign === '?') return { kind: 'repeat', part, min: 0, max: 1 };
    if (sign !== undefined) return { kind: 'repeat', part, min: sign === '*' ? 0 : 1, max: Number.POSITIVE_INFINITY };
    const counts = take('[ \\t]*~[ \\t]*([0-9]+)(?:[ \\t]*\\.\\.[ \\t]*([0-9]+))?');
    if (counts === undefined) return part;
    const min = Number(counts[1]);
    const max = Number(counts[2] ?? counts[1]);
    return max < min ? fail('a repetition with the larger bound first', start) : { kind: 'repeat', part, min, max };
  }

  function atom(depth: number): Rule {
    const start = at;
    const sign = grammar[at]!;
    if (sign === '(' || sign === '[') {
      at++;
      const inner = choice(depth + 1);
      skip(true);
      const close = sign === '(' ? ')' : ']';
      if (grammar[at] !== close) fail(`'${sign}' without '${close}'`, start);
      at++;
      return sign === '(' ? inner : { kind: 'repeat', part: inner, min: 0, max: 1 };
    }
    if (sign === '"') return text(start);
    if (sign === '/') return expression(start);
    if (sign === '%') return json(start);
    const name = take('_?[a-zA-Z][a-zA-Z0-9_]*')?.[0];
    if (name === undefined) return fail(`an unexpected '${sign}'`);
    if (grammar[at] === '{') fail('a template, which is not supported,');
    return { kind: 'name', name, position: start };
  }

  function text(start: number): Rule {
    const from = quoted(start);
    if (take('[ \\t]*\\.\\.[ \\t]*') !== undefined) {
      const to = quoted(at);
      if ([...from].length !== 1 || [...to].length !== 1) fail('a range of texts with more than one character', start);
      const [low, high] = [from.codePointAt(0)!, to.codePointAt(0)!];
      return high < low ? fail('a range with the larger end first', start) : { kind: 'set', set: [low, high] };
    }
    if (take('i\\b') === undefined) return { kind: 'text', text: from };
    return {
      kind: 'sequence',
      parts: Array.from(from, (character): Rule => {
        const point = character.codePointAt(0)!;
        return { kind: 'set', set: bothCases([point, point]) };
      }),
    };
  }

  function quoted(start: number): string {
    const found = take('"((?:[^"\\\\\\n]|\\\\[^\\n])*)"');
    if (found === undefined) return fail("a text without a closing '\"'", start);
    return found[1]!.replace(/\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|.)/gu, (all: string, name: string) => {
      if (name.length > 1) {
        const point = Number.parseInt(name.slice(1), 16);
        return point > 0x10ffff ? fail('a code point that does not exist', start) : String.fromCodePoint(point);
      }
      const known = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', '"': '"', "'": "'", '\\': '\\', '/': '/' }[name];
      return known ?? fail(`the escape '${all}', which is not supported,`, start);
    });
  }

  function expression(start: number): Rule {
    const found = take('\\/((?:[^/\\\\\\n\\[]|\\\\[^\\n]|\\[(?:[^\\]\\\\\\n]|\\\\[^\\n])*\\])+)\\/([a-z]*)');
    if (found === undefined) return fail("a regular expression without a closing '/'", start);
    if (found[2] !== '' && found[2] !== 'i') fail(`the flags '${found[2]}' (only 'i' is supported)`, start);
    return patternRule(found[1]!, start, found[2] === 'i');
  }

  function patternRule(pattern: string, start: number, ignoresCase = false): Rule {
    const fold = ignoresCase ? bothCases : undefined;
    try {
      // Only to find out whether it can be used and matches the empty text.
      const make = new Expressions();
      const { nullable } = patternLanguage(pattern, { make, char: (set) => codePoints(make, set) }, true, fold);
      return { kind: 'pattern', nullable, language: (spelling) => patternLanguage(pattern, spelling, true, fold) };
    } catch (error) {
      if (!(error instanceof GrammarError)) throw error;
      return fail(`a regular expression that cannot be used (${error.message.replace(/\.$/, '')})`, start);
    }
  }

  function json(start: number): Rule {
    if (take('%json\\s*(?=\\{)') === undefined)
      return fail("'%' that is not '%json {...}', which is not supported inside a rule,", start);
    const from = at;
    for (let depth = 0; ; at++) {
      if (at >= grammar.length) fail("'%json' without a closing '}'", start);
      if (grammar[at] === '"') {
        take('"(?:[^"\\\\]|\\\\[\\s\\S])*"') ?? fail("'%json' without a closing '\"'", start);
        at--;
      } else if (grammar[at] === '{') depth++;
      else if (grammar[at] === '}' && --depth === 0) break;
    }
    at++;
    try {
      return { kind: 'machine', machine: jsonSchema(JSON.parse(grammar.slice(from, at)) as Schema) };
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof GrammarError)
        return fail(`a schema that cannot be used (${error.message.replace(/\.$/, '')})`, start);
      throw error;
    }
  }
}

/** The characters of a set in lower and in upper case. */
function bothCases(set: CodePoints): CodePoints {
  const ranges: number[] = [...set];
  for (let i = 0; i < set.length; i += 2)
    for (let point = set[i]!; point <= set[i + 1]!; point++) {
      const character = String.fromCodePoint(point);
      for (const other of [character.toLowerCase(), character.toUpperCase()])
        if (other !== character && [...other].length === 1) ranges.push(other.codePointAt(0)!, other.codePointAt(0)!);
    }
  return ordered(ranges);
}
