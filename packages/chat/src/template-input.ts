import { ParameterError, TokenwrightError } from '@tokenwright/core';
import { toJson } from './jinja/text/json.ts';
import { readJson } from './jinja/text/json-reader.ts';
import { Budget } from './jinja/values/budget.ts';
import { DataProblem, fromData } from './jinja/values/from-data.ts';
import { ContentParts, Dict, JsonText, type Value } from './jinja/values/values.ts';

/** Data of a caller as a value of a template. @throws ParameterError for what no template can read. */
export function inputOf(owner: string, data: unknown, path: string): Value {
  try {
    return fromData(data, path);
  } catch (error) {
    if (error instanceof DataProblem) throw new ParameterError(owner, error.path, error.allowed, error.received);
    if (TokenwrightError.isInstance(error)) throw error;
    throw new ParameterError(owner, path, 'data that can be read', data, { cause: error });
  }
}

const plainJson = {
  ensureAscii: false,
  indent: undefined,
  itemSeparator: ', ',
  keySeparator: ': ',
  sortKeys: false,
} as const;

/** Ways of writing messages for templates that do not take the usual one. */
export interface MessageForm {
  /** Parts of a content are joined to one text. */
  readonly joinsParts?: boolean;
  /** Arguments of tool calls are JSON text instead of an object. */
  readonly writesArguments?: boolean;
  /** A message without a content has an empty one. */
  readonly fillsContent?: boolean;
  /** The role 'developer' is called 'system'. */
  readonly callsDeveloperSystem?: boolean;
}

/** Messages in one form. */
export function messagesIn(messages: readonly Value[], form: MessageForm): Value[] {
  return messages.map((message) => {
    if (!(message instanceof Dict)) return message;
    const changes: Record<string, Value> = {};
    const content = message.get('content');
    if (Array.isArray(content))
      changes.content = form.joinsParts ? content.map(textOfPart).join('') : ContentParts.from<Value>(content);
    if (form.fillsContent && (content === undefined || content === null)) changes.content = '';
    if (form.callsDeveloperSystem && message.get('role') === 'developer') changes.role = 'system';
    const calls = message.get('tool_calls');
    if (Array.isArray(calls)) changes.tool_calls = calls.map((call: Value) => callIn(call, form));
    return message.with(changes);
  });
}

function textOfPart(part: Value): string {
  const text = part instanceof Dict ? part.get('text') : undefined;
  return typeof text === 'string' ? text : '';
}

/** A tool call whose arguments serve templates that encode them and templates that print them. */
function callIn(call: Value, form: MessageForm): Value {
  if (!(call instanceof Dict)) return call;
  const inner = call.get('function');
  const changes: Record<string, Value> = {};
  if (inner instanceof Dict && inner.has('arguments'))
    changes.function = inner.with({ arguments: argumentsIn(inner.get('arguments')!, form) });
  if (call.has('arguments')) changes.arguments = argumentsIn(call.get('arguments')!, form);
  return call.with(changes);
}

function argumentsIn(given: Value, form: MessageForm): Value {
  if (form.writesArguments) return given instanceof Dict ? toJson(given, plainJson, new Budget()) : given;
  if (typeof given !== 'string') return given;
  const object = readJson(given);
  return object instanceof Dict ? new JsonText(given, object) : given;
}
