import { oneSpace, onlySpaces, strip } from '../values/code-points.ts';
import { TemplateProblem } from '../values/problem.ts';
import type { Value } from '../values/values.ts';

export type TokenType =
  | 'data'
  | 'variable begin'
  | 'variable end'
  | 'block begin'
  | 'block end'
  | 'name'
  | 'string'
  | 'number'
  | 'operator'
  | 'end';

/** One token, with the line on which it begins. `text` is the source of an operator or name, and the text of data and strings. */
export interface Token {
  readonly type: TokenType;
  readonly text: string;
  /** Of a number. */
  readonly value?: Value;
  readonly line: number;
}

const spaces = new RegExp(`${oneSpace}+`, 'y');
const begin = /\{%|\{\{|\{#/g;
const raw = new RegExp(`\\{%[-+]?${oneSpace}*raw${oneSpace}*(?:-%\\}${oneSpace}*|%\\})`, 'y');
const endRaw = new RegExp(`\\{%([-+]?)${oneSpace}*endraw${oneSpace}*(?:\\+%\\}|-%\\}${oneSpace}*|%\\}\\n?)`, 'g');
const endComment = new RegExp(`\\+#\\}|-#\\}${oneSpace}*|#\\}\\n?`, 'g');
const endBlock = new RegExp(`\\+%\\}|-%\\}${oneSpace}*|%\\}\\n?`, 'y');
const endVariable = new RegExp(`-\\}\\}${oneSpace}*|\\}\\}`, 'y');
const float = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const integer = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const name = /[\p{XIDS}_][\p{XIDC}]*/uy;
const string = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const operator = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;
const partner: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** The tokens of a template, with Jinja's `trim_blocks` and `lstrip_blocks`, as Hugging Face renders chat templates. */
export function tokenize(template: string): Token[] {
  // A last line break is not part of the text.
  const source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  /** The next text is the first of its line, but for spaces. */
  let startsLine = true;
  const breakFrom = (start: number): number => {
    const found = source.indexOf('\n', start);
    return found < 0 ? source.length : found;
  };
  /** Where the current line ends. */
  let lineBreak = breakFrom(0);
  const pass = (end: number): void => {
    while (lineBreak < end) {
      line++;
      lineBreak = breakFrom(lineBreak + 1);
    }
    if (end > at) startsLine = source[end - 1] === '\n';
    at = end;
  };
  const fail = (problem: string): never => {
    throw new TemplateProblem('syntax', problem, line);
  };
  /** Text before a tag, without the spaces that the tag's sign or `lstrip_blocks` takes away. */
  const data = (text: string, sign: string, isVariable: boolean): void => {
    let kept = text;
    if (sign === '-') kept = strip(text, undefined, 'end');
    else if (sign !== '+' && !isVariable) {
      const start = text.lastIndexOf('\n') + 1;
      if ((start > 0 || startsLine) && onlySpaces.test(text.slice(start))) kept = text.slice(0, start);
    }
    if (kept !== '') tokens.push({ type: 'data', text: kept, line });
  };

  while (at < source.length) {
    begin.lastIndex = at;
    const tag = begin.exec(source);
    if (tag === null) {
      tokens.push({ type: 'data', text: source.slice(at), line });
      break;
    }
    const start = tag.index;
    const sign = /[-+]/.test(source[start + 2] ?? '') ? source[start + 2]! : '';
    data(source.slice(at, start), sign, tag[0] === '{{');
    pass(start);
    raw.lastIndex = start;
    const rawTag = tag[0] === '{%' ? raw.exec(source) : null;
    if (rawTag !== null) {
      pass(raw.lastIndex);
      endRaw.lastIndex = at;
      const end = endRaw.exec(source) ?? fail("'raw' has no 'endraw'");
      data(source.slice(at, end.index), end[1]!, false);
      pass(endRaw.lastIndex);
    } else if (tag[0] === '{#') {
      endComment.lastIndex = start + 2;
      if (endComment.exec(source) === null) fail('a comment has no end');
      pass(endComment.lastIndex);
    } else {
      const isBlock = tag[0] === '{%';
      tokens.push({ type: isBlock ? 'block begin' : 'variable begin', text: tag[0], line });
      pass(start + 2 + sign.length);
      expression(isBlock);
    }
  }
  tokens.push({ type: 'end', text: '', line });
  return tokens;

  function expression(isBlock: boolean): void {
    const open: string[] = [];
    const end = isBlock ? endBlock : endVariable;
    const take = (pattern: RegExp): string | undefined => {
      pattern.lastIndex = at;
      return pattern.exec(source)?.[0];
    };
    while (at < source.length) {
      const closed = open.length === 0 ? take(end) : undefined;
      if (closed !== undefined) {
        tokens.push({ type: isBlock ? 'block end' : 'variable end', text: closed, line });
        pass(at + closed.length);
        return;
      }
      const gap = take(spaces);
      if (gap !== undefined) {
        pass(at + gap.length);
        continue;
      }
      pass(at + one(take, open));
    }
    fail(isBlock ? "a '{%' has no '%}'" : "a '{{' has no '}}'");
  }

  /** Add one token, and return its length. */
  function one(take: (pattern: RegExp) => string | undefined, open: string[]): number {
    const wholeFloat = source[at - 1] === '.' ? undefined : take(float);
    if (wholeFloat !== undefined) {
      tokens.push({ type: 'number', text: wholeFloat, value: Number(wholeFloat.replaceAll('_', '')), line });
      return wholeFloat.length;
    }
    const digits = take(integer);
    if (digits !== undefined) {
      tokens.push({ type: 'number', text: digits, value: BigInt(digits.replaceAll('_', '')), line });
      return digits.length;
    }
    const word = take(name);
    if (word !== undefined) {
      tokens.push({ type: 'name', text: word, line });
      return word.length;
    }
    const quoted = take(string);
    if (quoted !== undefined) {
      tokens.push({ type: 'string', text: withoutEscapes(quoted.slice(1, -1), fail), line });
      return quoted.length;
    }
    const sign = take(operator) ?? fail(`unexpected '${String.fromCodePoint(source.codePointAt(at)!)}'`);
    if ('([{'.includes(sign)) open.push(sign);
    else if (sign in partner && open.pop() !== partner[sign]) fail(`unexpected '${sign}'`);
    tokens.push({ type: 'operator', text: sign, line });
    return sign.length;
  }
}

const simple: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Python's escapes. What is none stays as it is, with its backslash. */
function withoutEscapes(text: string, fail: (problem: string) => never): string {
  return text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g,
    (all, x?: string, u?: string, long?: string, octal?: string, character?: string) => {
      const hex = x ?? u ?? long;
      if (hex !== undefined) {
        const code = Number.parseInt(hex, 16);
        return code > 0x10ffff ? fail(`'${all}' is not a character`) : String.fromCodePoint(code);
      }
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      if ('xuUN'.includes(character!)) fail(`'${all}' is not an escape`);
      return Object.hasOwn(simple, character!) ? simple[character!]! : all;
    },
  );
}
