import { tokenMark, withoutMarks } from '../marked-tokens.ts';
import { isText, type ToolSchema } from '../tool-definitions.ts';
import type { ParameterTags } from '../tool-format.ts';
import { type Reading, type TextInput, Unreadable } from './text-input.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** The arguments of a call, and their JSON. */
export interface ReadArguments {
  readonly value: Arguments;
  readonly text: string;
}

/** A JSON object. Texts that hold a JSON object, as some models write it, are read too. */
export function argumentsOf(json: string): ReadArguments {
  const value = parse(json);
  if (typeof value === 'string') {
    const inner = parse(value);
    if (isRecord(inner)) return { value: inner, text: value };
  }
  if (!isRecord(value)) throw new Unreadable('arguments', 'has arguments that are not a JSON object');
  return { value, text: json.trim() };
}

/** The members of a JSON object as the texts of their values, so that numbers keep their digits. */
export function membersOf(json: string): ReadonlyMap<string, string> {
  if (!isRecord(parse(json))) throw new Unreadable('syntax', 'is not a JSON object');
  const members = new Map<string, string>();
  let depth = 0;
  let start = 0;
  let key: string | undefined;
  const close = (end: number): void => {
    if (key !== undefined) members.set(key, json.slice(start, end).trim());
    key = undefined;
  };
  for (let at = 0; at < json.length; at++) {
    const character = json[at]!;
    if (character === '"') {
      const from = at;
      for (at++; json[at] !== '"'; at++) if (json[at] === '\\') at++;
      if (depth === 1 && key === undefined) {
        key = JSON.parse(json.slice(from, at + 1)) as string;
        start = json.indexOf(':', at) + 1;
      }
    } else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      depth--;
      if (depth === 0) close(at);
    } else if (character === ',' && depth === 1) close(at);
  }
  return members;
}

/** Tagged values, one per argument. */
export function* readParameters(
  input: TextInput,
  { begin, between, end }: ParameterTags,
  schema: ToolSchema | undefined,
): Reading<ReadArguments> {
  const value: Record<string, unknown> = {};
  const [nameEnd, ...valueBegin] = between.trim().split('\n') as [string, ...string[]];
  for (;;) {
    yield* input.skipSpace();
    if (!(yield* input.accept(begin))) break;
    const name = yield* input.until([nameEnd]);
    if (name.found === undefined) throw new Unreadable('incomplete', 'ends inside the name of an argument');
    for (const text of valueBegin) {
      yield* input.skipSpace();
      if (!(yield* input.accept(text))) throw new Unreadable('syntax', `lacks '${withoutMarks(text)}'`);
    }
    const read = yield* input.until([end.trim()]);
    if (read.found === undefined) throw new Unreadable('incomplete', 'ends inside an argument');
    let text = withoutMarks(read.text);
    if (between.endsWith('\n')) text = text.replace(/^\r?\n/, '');
    if (end.startsWith('\n')) text = text.replace(/\r?\n$/, '');
    const key = withoutMarks(name.text).trim();
    define(value, key, argumentOf(text, schema?.property(key)));
  }
  return { value, text: JSON.stringify(value) };
}

/** A text where the schema says string; otherwise JSON, or one of Python's constants, or a text after all. */
function argumentOf(text: string, schema: unknown): unknown {
  if (isText(schema)) return text;
  const plain = text.trim();
  const constants: Readonly<Record<string, unknown>> = { True: true, False: false, None: null };
  if (Object.hasOwn(constants, plain)) return constants[plain];
  try {
    return JSON.parse(plain);
  } catch {
    return text;
  }
}

/** FunctionGemma's object: `{key:<escape>text<escape>,other:1}`. */
export function* readEscaped(input: TextInput, quote: string): Reading<ReadArguments> {
  const value = yield* readEscapedValue(input, quote);
  if (!isRecord(value)) throw new Unreadable('arguments', 'has arguments that are not an object');
  return { value, text: JSON.stringify(value) };
}

function* readEscapedValue(input: TextInput, quote: string): Reading<unknown> {
  yield* input.skipSpace();
  if (yield* input.accept(quote)) return yield* readEscapedText(input, quote);
  if (yield* input.accept('{')) {
    const value: Record<string, unknown> = {};
    for (let first = true; ; first = false) {
      yield* input.skipSpace();
      if (yield* input.accept('}')) return value;
      if (!first && !(yield* input.accept(','))) throw yield* unreadable(input);
      yield* input.skipSpace();
      const isEscaped = yield* input.accept(quote);
      const key = isEscaped ? yield* readEscapedText(input, quote) : (yield* input.until([':'])).text.trim();
      if (isEscaped && !(yield* input.accept(':'))) throw yield* unreadable(input);
      define(value, key, yield* readEscapedValue(input, quote));
    }
  }
  if (yield* input.accept('[')) {
    const items: unknown[] = [];
    for (;;) {
      yield* input.skipSpace();
      if (yield* input.accept(']')) return items;
      if (items.length > 0 && !(yield* input.accept(','))) throw yield* unreadable(input);
      items.push(yield* readEscapedValue(input, quote));
    }
  }
  let text = '';
  for (;;) {
    const next = yield* input.peek();
    if (next === undefined) throw new Unreadable('incomplete', 'ends inside its arguments');
    if (',}]'.includes(next) || next === tokenMark) break;
    text += input.take(1);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Unreadable('arguments', `has the argument '${text}', which is not a value`);
  }
}

function* readEscapedText(input: TextInput, quote: string): Reading<string> {
  const { text, found } = yield* input.until([quote]);
  if (found === undefined) throw new Unreadable('incomplete', 'ends inside a text');
  return withoutMarks(text);
}

function* unreadable(input: TextInput): Reading<Unreadable> {
  const next = yield* input.peek();
  return next === undefined
    ? new Unreadable('incomplete', 'ends inside its arguments')
    : new Unreadable('arguments', `has '${next}' between two arguments`);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Unreadable('syntax', 'is not valid JSON');
  }
}

function isRecord(value: unknown): value is Arguments {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property whatever its name is, '__proto__' included. */
function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
