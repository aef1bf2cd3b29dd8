import { ParameterError } from '@tokenwright/core';
import { checkList, readable } from '@tokenwright/core/options';
import type { ChatMessage } from './chat-message.ts';
import { ChatTemplateError } from './chat-template-error.ts';

/** @throws ParameterError for anything but a list of messages; ChatTemplateError for a part that is not a text. */
export function checkMessages(owner: string, model: string, messages: readonly ChatMessage[]): void {
  const list = checkList<unknown>(owner, 'messages', messages, 'a list of at least one message', { least: 1 });
  for (const [at, message] of list.entries())
    readable(owner, `messages[${at}]`, message, () => checkMessage(owner, model, message, at));
}

function checkMessage(owner: string, model: string, message: unknown, at: number): void {
  if (!isObject(message) || typeof message.role !== 'string' || message.role === '')
    throw new ParameterError(owner, `messages[${at}]`, 'an object with a role and a content', message);
  const { content } = message;
  const isLeftOut = content === undefined && (message.tool_calls ?? message.function_call) !== undefined;
  if (typeof content !== 'string' && !Array.isArray(content) && content !== null && !isLeftOut)
    throw new ParameterError(owner, `messages[${at}].content`, 'a string, a list of parts, or null', content);
  if (Array.isArray(content)) checkParts(owner, model, content, `messages[${at}].content`);
}

function checkParts(owner: string, model: string, parts: readonly unknown[], path: string): void {
  for (const [at, part] of parts.entries()) {
    const type = isObject(part) ? part.type : undefined;
    if (!isObject(part) || typeof type !== 'string')
      throw new ParameterError(owner, `${path}[${at}]`, "a part such as { type: 'text', text: '...' }", part);
    if (type !== 'text')
      throw new ChatTemplateError(
        model,
        'unsupported',
        `${path}[${at}] is a part of type '${type}', and a model takes only parts of type 'text'`,
      );
    if (typeof part.text !== 'string') throw new ParameterError(owner, `${path}[${at}].text`, 'a string', part.text);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
