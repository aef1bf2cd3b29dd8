import { ParameterError } from '@tokenwright/core';
import { checkList, isObject, readOptions } from '@tokenwright/core/options';
import type { ChatMessage } from '../chat-message.ts';
import { callArguments } from './call-arguments.ts';

/** A call in a message, which waits for its result. */
export interface PendingCall {
  /** Undefined when the message has none. */
  readonly id: string | undefined;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What a tool returned. */
export interface ToolResult {
  /** Id of the call. Default: results are in the order of the calls. */
  readonly toolCallId?: string | undefined;
  /** A text, or data that becomes JSON. */
  readonly content: unknown;
}

/**
 * The calls in a message of the assistant.
 *
 * @throws ParameterError for arguments that are not a JSON object.
 */
export function pendingCalls(owner: string, message: ChatMessage | undefined): readonly PendingCall[] {
  const calls = message?.tool_calls;
  if (!Array.isArray(calls)) return [];
  return calls.flatMap((call: unknown) => {
    const inner = isObject(call) && isObject(call.function) ? call.function : undefined;
    if (inner === undefined || typeof inner.name !== 'string') return [];
    const { id } = call as { readonly id?: unknown };
    const { name, arguments: given } = inner;
    return [{ id: typeof id === 'string' ? id : undefined, name, arguments: callArguments(owner, name, given) }];
  });
}

/**
 * The messages of the role 'tool' that answer the calls of a message.
 *
 * @throws ParameterError unless each call has one result.
 */
export function toolMessages(
  owner: string,
  message: ChatMessage | undefined,
  results: readonly ToolResult[],
): readonly ChatMessage[] {
  const calls = pendingCalls(owner, message);
  if (calls.length === 0) throw new ParameterError(owner, 'results', 'sent after a message with tool calls', results);
  const allowed = `one result for each call: ${calls.map(({ id, name }) => id ?? name).join(', ')}`;
  const given = checkList<ToolResult>(owner, 'results', results, allowed, {
    item: (result, at) =>
      readOptions(`${owner}: results`, result as ToolResult, ['toolCallId', 'content'], `results[${at}]`),
  });
  const byCall = new Map<PendingCall, ToolResult>();
  for (const [at, result] of given.entries()) {
    const { toolCallId } = result;
    const call = toolCallId === undefined ? calls[at] : calls.find((one) => one.id === toolCallId && !byCall.has(one));
    if (call !== undefined) byCall.set(call, result);
  }
  if (given.length !== calls.length || byCall.size !== calls.length)
    throw new ParameterError(
      owner,
      'results',
      allowed,
      given.map(({ toolCallId }) => toolCallId),
    );
  return calls.map((call) => {
    const { id, name } = call;
    const content = textOf(owner, byCall.get(call)!.content);
    return { role: 'tool', ...(id === undefined ? {} : { tool_call_id: id }), name, content };
  });
}

function textOf(owner: string, content: unknown): string {
  if (typeof content === 'string') return content;
  let text: string | undefined;
  try {
    text = JSON.stringify(content);
  } catch (cause) {
    throw new ParameterError(owner, 'results: content', 'a text, or plain data', content, { cause });
  }
  if (text === undefined) throw new ParameterError(owner, 'results: content', 'a text, or plain data', content);
  return text;
}
