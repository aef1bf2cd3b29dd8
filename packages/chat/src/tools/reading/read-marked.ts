import { withoutMarks } from '../marked-tokens.ts';
import type { ToolCall } from '../tool-call.ts';
import { isNameCharacter } from '../tool-definitions.ts';
import type { CallPart, MarkedReply } from '../tool-format.ts';
import { passText } from './pass-text.ts';
import { argumentsOf, membersOf, type ReadArguments, readEscaped, readParameters } from './read-arguments.ts';
import type { ReplySetting } from './reply-setting.ts';
import { callError, type Reading, type TextInput, Unreadable } from './text-input.ts';

/** Text with marked calls. */
export function* readMarked(input: TextInput, reply: MarkedReply, setting: ReplySetting): Reading<void> {
  const answerEnd = setting.reasoning?.answer?.close;
  const starts = startsOf(reply);
  const marks = answerEnd === undefined ? starts : [...starts, answerEnd];
  let isFirst = true;
  if (reply.bare === true && (yield* looksLikeCall(input))) {
    input.keep();
    isFirst = !(yield* isBareCall(input, reply, setting));
    if (!isFirst) yield* readCalls(input, reply, undefined, setting);
  }
  for (;;) {
    if (!isFirst) yield* input.skipSpace();
    const found = yield* passText(input, 'text', marks);
    if (found === undefined) return;
    isFirst = false;
    if (found === answerEnd) input.release();
    else yield* readCalls(input, reply, found, setting);
  }
}

/** The texts with which calls begin. */
export function startsOf({ open, alsoOpen = [], call }: MarkedReply): readonly string[] {
  const [first] = call;
  const start = open ?? (typeof first === 'string' ? first.trim() : undefined);
  return [...(start === undefined ? [] : [start]), ...alsoOpen];
}

/** Whether a JSON object with a member of a call comes next. */
function* looksLikeCall(input: TextInput): Reading<boolean> {
  const keys = ['"name"', '"type"', '"function"', '"parameters"'];
  for (;;) {
    const text = input.rest.trimStart();
    const inner = text.slice(1).trimStart();
    if (text.startsWith('{') && keys.some((key) => inner.startsWith(key))) return true;
    const isOpen = text === '' || (text.startsWith('{') && keys.some((key) => key.startsWith(inner)));
    if (input.ended || !isOpen) return false;
    yield undefined;
  }
}

/** Whether the JSON object that comes next has arguments or the name of a tool. Nothing is read. */
function* isBareCall(input: TextInput, reply: MarkedReply, { tools }: ReplySetting): Reading<boolean> {
  const [part] = reply.call as readonly [Extract<CallPart, { readonly kind: 'call' }>];
  try {
    const members = membersOf(yield* input.json());
    if (part.arguments.some((key) => members.has(key))) return true;
    return part.name.some((key) => tools?.has(String(JSON.parse(members.get(key) ?? 'null'))) === true);
  } catch (problem) {
    if (!(problem instanceof Unreadable)) throw problem;
    return true;
  } finally {
    input.backTo(0);
  }
}

/** The calls after a start that was read. Calls that cannot be read are reported, and reading continues after them. */
function* readCalls(
  input: TextInput,
  reply: MarkedReply,
  found: string | undefined,
  setting: ReplySetting,
): Reading<void> {
  // Named in errors: the call that is being read.
  const draft: Draft = {};
  try {
    const isOpened = found !== undefined && (found === reply.open || reply.list === true || reply.bare === true);
    if (reply.list === true) yield* readList(input, reply, setting, draft);
    else {
      yield* readCall(input, reply, isOpened ? undefined : found, setting, draft);
      while (yield* nextFollows(input, reply)) yield* readCall(input, reply, undefined, setting, draft);
    }
    yield* input.skipSpace();
    if (reply.close !== undefined) yield* input.accept(reply.close);
  } catch (problem) {
    if (!(problem instanceof Unreadable)) throw problem;
    yield* report(input, reply, problem, draft);
  }
  input.release();
}

/** Whether another call of the same section comes next. */
function* nextFollows(input: TextInput, reply: MarkedReply): Reading<boolean> {
  if (reply.bare === true) {
    yield* input.skipSpace();
    return yield* input.accept(';');
  }
  if (reply.open === undefined) return false;
  yield* input.skipSpace();
  const first = (reply.call[0] as string).trim();
  return (yield* input.comesNext([first])) !== undefined;
}

function* readList(input: TextInput, reply: MarkedReply, setting: ReplySetting, draft: Draft): Reading<void> {
  yield* input.skipSpace();
  const isList = yield* input.accept('[');
  for (;;) {
    yield* input.skipSpace();
    if (isList && (yield* input.accept(']'))) return;
    yield* readCall(input, reply, undefined, setting, draft);
    yield* input.skipSpace();
    if (!isList || !(yield* input.accept(','))) {
      if (isList && !(yield* input.accept(']'))) throw unexpected(yield* input.peek(), ']');
      return;
    }
  }
}

interface Draft {
  name?: string | undefined;
  id?: string | undefined;
  arguments?: ReadArguments | undefined;
}

/** @param found the text with which the call begins, when it was read. */
function* readCall(
  input: TextInput,
  reply: MarkedReply,
  found: string | undefined,
  setting: ReplySetting,
  draft: Draft,
): Reading<void> {
  const { call } = reply;
  draft.name = undefined;
  draft.id = undefined;
  draft.arguments = undefined;
  if (found === undefined) {
    yield* input.skipSpace();
    if (reply.list === true) input.keep();
  }
  const from =
    found === undefined ? 0 : 1 + call.findIndex((part) => typeof part === 'string' && part.trim() === found);
  yield* readParts(input, call.slice(from), setting, draft);
  const made = completeCall(draft, setting, withoutMarks(input.since));
  yield { type: 'tool-call', call: made };
  input.keep();
}

/** @throws Unreadable for a name that no tool has. */
export function completeCall(draft: Draft, setting: ReplySetting, text: string): ToolCall {
  const { name } = draft;
  if (name === undefined || name === '') throw new Unreadable('syntax', 'has no name');
  if (setting.tools !== undefined && !setting.tools.has(name)) throw new Unreadable('name', 'names none of the tools');
  const { value, text: argumentsText } = draft.arguments ?? { value: {}, text: '{}' };
  return { id: draft.id ?? setting.nextId(), name, arguments: value, argumentsText, text };
}

function* readParts(input: TextInput, parts: readonly CallPart[], setting: ReplySetting, draft: Draft): Reading<void> {
  for (const part of parts) {
    if (typeof part === 'string') {
      yield* input.skipSpace();
      if (!(yield* input.accept(part.trim()))) throw unexpected(yield* input.peek(), part);
      continue;
    }
    switch (part.kind) {
      case 'name':
        draft.name = yield* readName(input);
        break;
      case 'id': {
        const id = yield* readName(input);
        draft.id = part.of === undefined ? id : part.of(draft.name ?? '', id);
        break;
      }
      case 'arguments':
        draft.arguments = argumentsOf(yield* input.json());
        break;
      case 'call':
        readObject(yield* input.json(), part, draft);
        break;
      case 'parameters':
        draft.arguments = yield* readParameters(input, part, setting.tools?.get(draft.name ?? ''));
        break;
      case 'escaped':
        draft.arguments = yield* readEscaped(input, setting.spell('<escape>'));
        break;
      case 'optional': {
        yield* input.skipSpace();
        const [first] = part.parts;
        if ((yield* input.comesNext([(first as string).trim()])) !== undefined)
          yield* readParts(input, part.parts, setting, draft);
      }
    }
  }
}

function* readName(input: TextInput): Reading<string> {
  yield* input.skipSpace();
  let name = '';
  for (;;) {
    const next = yield* input.peek();
    if (next === undefined || !isNameCharacter(next)) return name;
    name += input.take(1);
  }
}

function readObject(json: string, part: Extract<CallPart, { readonly kind: 'call' }>, draft: Draft): void {
  const members = membersOf(json);
  const name = part.name.map((key) => members.get(key)).find((value) => value !== undefined);
  const id = members.get('id');
  const named: unknown = name === undefined ? undefined : JSON.parse(name);
  draft.name = typeof named === 'string' ? named : undefined;
  if (id?.startsWith('"')) draft.id = JSON.parse(id) as string;
  const given = part.arguments.map((key) => members.get(key)).find((value) => value !== undefined);
  draft.arguments = given === undefined || given === 'null' ? undefined : argumentsOf(given);
}

function unexpected(next: string | undefined, wanted: string): Unreadable {
  const text = withoutMarks(wanted.trim());
  return next === undefined
    ? new Unreadable('incomplete', `ends before '${text}'`)
    : new Unreadable('syntax', `lacks '${text}'`);
}

/** Report a call that cannot be read, up to the text that ends calls, or the end of the reply. */
function* report(input: TextInput, reply: MarkedReply, problem: Unreadable, draft: Draft): Reading<void> {
  const last = reply.call.at(-1);
  const end = reply.close ?? (typeof last === 'string' ? last.trim() : undefined);
  let { reason } = problem;
  const at = end === undefined ? -1 : input.since.indexOf(end);
  if (end !== undefined && at >= 0) {
    input.backTo(at + end.length);
    if (reason === 'incomplete') reason = 'syntax';
  } else if (reason !== 'incomplete' || !input.ended) {
    if (end !== undefined) yield* input.until([end]);
    else
      while (!input.ended) {
        input.take(input.rest.length);
        yield undefined;
      }
  }
  if (end === undefined) input.take(input.rest.length);
  yield { type: 'invalid-tool-call', error: callError({ reason, problem: problem.problem }, input.since, draft.name) };
}
