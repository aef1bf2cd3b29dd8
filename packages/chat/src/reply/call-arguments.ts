import { ParameterError } from '@tokenwright/core';
import { isObject } from '@tokenwright/core/options';

/**
 * The arguments of a tool call in a message: an object, or its JSON. An empty text, which some servers send, means none.
 *
 * @param tool name of the tool, for the message.
 * @throws ParameterError for anything else.
 */
export function callArguments(owner: string, tool: string, given: unknown): Readonly<Record<string, unknown>> {
  const read = typeof given === 'string' ? parsed(given) : (given ?? {});
  if (isObject(read) && !Array.isArray(read)) return read;
  throw new ParameterError(owner, `messages: arguments of the tool call '${tool}'`, 'a JSON object', given);
}

/** Undefined for a text that is not JSON. */
function parsed(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
