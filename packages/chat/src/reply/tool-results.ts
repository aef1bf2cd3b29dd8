import { ParameterError } from '@tokenwright/core';
import { checkList, isObject, readOptions } from '@tokenwright/core/options';
import type { ChatMessage } from '../chat-message.ts';

/** A call in a message, which waits for its result. */
export interface PendingCall {
  readonly id: string;
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

/** The calls in a message of the assistant. */
export function pendingCalls(message: ChatMessage | undefined): readonly PendingCall[] {
  const calls = message?.tool_calls;
  if (!Array.isArray(calls)) return [];
  return calls.flatMap((call: unknown) => {
    const inner = isObject(call) && isObject(call.function) ? call.function : undefined;
    if (inner === undefined || typeof inner.name !== 'string') return [];
    const given = typeof inner.arguments === 'string' ? JSON.parse(inner.arguments) : (inner.arguments ?? {});
    return [{ id: String((call as { readonly id?: unknown }).id), name: inner.name, arguments: given }];
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
  const calls = pendingCalls(message);
  if (calls.length === 0) throw new ParameterError(owner, 'results', 'sent after a message with tool calls', results);
  const ids = calls.map(({ id }) => id);
  const given = checkList<ToolResult>(owner, 'results', results, `one result for each call: ${ids.join(', ')}`, {
    item: (result, at) =>
      readOptions(`${owner}: results`, result as ToolResult, ['toolCallId', 'content'], `results[${at}]`),
  });
  const named = given.map(({ toolCallId }, at) => toolCallId ?? ids[at]);
  if (given.length !== ids.length || !ids.every((id) => named.includes(id)))
    throw new ParameterError(owner, 'results', `one result for each call: ${ids.join(', ')}`, named);
  return calls.map(({ id, name }) => {
    const { content } = given[named.indexOf(id)]!;
    return { role: 'tool', tool_call_id: id, name, content: textOf(owner, content) };
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
