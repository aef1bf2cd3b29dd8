import type { ChatMessage } from '../chat-message.ts';
import { isText, type ToolDefinitions } from '../tools/tool-definitions.ts';
import type { CallPart, ToolFormat } from '../tools/tool-format.ts';
import { callArguments } from './call-arguments.ts';

/** A call of a message. */
interface WrittenCall {
  readonly name: string;
  /** JSON. */
  readonly argumentsText: string;
}

/**
 * Messages for a template that does not read `tool_calls`: the calls are a part of the content, as the model writes them.
 *
 * @param template source of the template.
 */
export function withWrittenCalls(
  messages: readonly ChatMessage[],
  template: string,
  format: ToolFormat,
  tools: ToolDefinitions,
): readonly ChatMessage[] {
  if (template.includes('tool_calls')) return messages;
  return messages.map((message) => {
    const calls = callsOf(message);
    if (calls.length === 0) return message;
    const { tool_calls: _, content, ...others } = message;
    const text = typeof content === 'string' && content !== '' ? `${content}\n` : '';
    return { ...others, content: text + writeCalls(format, calls, tools) } as ChatMessage;
  });
}

/** The calls of a message in OpenAI's form. */
export function callsOf(message: ChatMessage): readonly WrittenCall[] {
  const calls = message.tool_calls;
  if (!Array.isArray(calls)) return [];
  return calls.flatMap((call: unknown) => {
    const inner = (call as { readonly function?: unknown } | null)?.function as Readonly<Record<string, unknown>>;
    if (typeof inner?.name !== 'string') return [];
    const { name, arguments: given = {} } = inner;
    const read = callArguments('chat', name, given);
    // A text keeps its digits and spaces.
    const isText = typeof given === 'string' && given.trim() !== '';
    return [{ name, argumentsText: isText ? given : JSON.stringify(read) }];
  });
}

/** Calls as a model of this format writes them. */
export function writeCalls(format: ToolFormat, calls: readonly WrittenCall[], tools: ToolDefinitions): string {
  const { reply } = format;
  if (reply.kind === 'channels') {
    const { write, next, headerEnd } = reply;
    return calls
      .map(({ name, argumentsText }) => write.call + name + write.callEnd + headerEnd + argumentsText + write.end)
      .join(next);
  }
  const { open = '', list = false, close = '', between } = reply;
  const written = calls.map((call, at) => reply.call.map((part) => writePart(part, call, at, tools)).join(''));
  return open + (list ? '[' : '') + written.join(between) + (list ? ']' : '') + close;
}

function writePart(part: CallPart, call: WrittenCall, at: number, tools: ToolDefinitions): string {
  if (typeof part === 'string') return part;
  const { name, argumentsText } = call;
  switch (part.kind) {
    case 'name':
      return name;
    case 'id':
      return String(at);
    case 'arguments':
      return argumentsText;
    case 'call':
      return `{"${part.name[0]}": ${JSON.stringify(name)}, "${part.arguments[0]}": ${argumentsText}}`;
    case 'parameters':
      return entriesOf(argumentsText)
        .map(([key, value]) => {
          const isPlain = typeof value === 'string' && isText(tools.get(name)?.property(key) ?? { type: 'string' });
          return part.begin + key + part.between + (isPlain ? value : JSON.stringify(value)) + part.end;
        })
        .join('');
    case 'escaped':
      return `{${entriesOf(argumentsText)
        .map(([key, value]) => `${key}:${escaped(value)}`)
        .join(',')}}`;
    case 'optional':
      return part.written === true ? part.parts.map((inner) => writePart(inner, call, at, tools)).join('') : '';
  }
}

function entriesOf(json: string): [string, unknown][] {
  return Object.entries(JSON.parse(json) as object);
}

function escaped(value: unknown): string {
  if (typeof value === 'string') return `<escape>${value}<escape>`;
  if (Array.isArray(value)) return `[${value.map(escaped).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `<escape>${key}<escape>:${escaped(inner)}`)
    .join(',')}}`;
}
