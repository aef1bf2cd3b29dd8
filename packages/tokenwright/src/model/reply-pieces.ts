import type { ChatMessage, Reply } from '@tokenwright/chat';
import {
  type EndEvent,
  type GenerateOptions,
  type LanguageModel,
  ParameterError,
  type TokenEvent,
} from '@tokenwright/core';
import { type AssistantMessage, type ChatResult, type TextResult, textResult } from '../output/text-result.ts';
import type { ChatCallOptions } from './text-model.ts';

/** The text of a reply, piece by piece, without reasoning and tool calls; returns the result. */
export async function* replyPieces(
  model: LanguageModel,
  ids: readonly number[],
  reply: Reply,
  options: GenerateOptions,
): AsyncGenerator<string, TextResult, undefined> {
  const { logprobs = false, topLogprobs = 0, logprobsOf = [] } = options;
  const tokens: TokenEvent[] | undefined = logprobs || topLogprobs > 0 || logprobsOf.length > 0 ? [] : undefined;
  let end: EndEvent | undefined;
  for await (const event of reply.events(model, ids, options)) {
    if (event.type === 'token') {
      tokens?.push(event);
      if (event.text !== undefined && event.text !== '') yield event.text;
    } else if (event.type === 'end') {
      end = event;
      if (event.tail !== undefined && event.tail !== '') yield event.tail;
    }
  }
  return textResult(end!, tokens);
}

/** What a reply is besides its text, as plain data. */
export function partsOf(reply: Reply): Pick<ChatResult, 'toolCalls' | 'invalidToolCalls' | 'reasoning'> {
  return {
    toolCalls: reply.calls,
    invalidToolCalls: reply.invalidCalls.map(({ reason, tool, text, message }) => ({ reason, tool, text, message })),
    reasoning: reply.reasoning,
  };
}

/** The last message with what the model added to it. */
export function continued(last: ChatMessage | undefined, added: AssistantMessage): AssistantMessage {
  const before = typeof last?.content === 'string' ? last.content : '';
  return { ...last, ...added, content: before + added.content };
}

/** @throws ParameterError for options that structured output excludes: a reply is either a value or calls and reasoning. */
export function checkUnstructured(
  isStructured: boolean,
  { toolChoice, reasoning, tools, toolFormat, continueFinalMessage }: ChatCallOptions,
): void {
  if (!isStructured) return;
  const isOff = toolChoice === 'none' || toolFormat === 'none';
  if (tools !== undefined && tools.length > 0 && !isOff)
    throw new ParameterError(
      'chat',
      'tools',
      "left out, or given with toolChoice: 'none', when schema, regex, choices or grammar is given",
      tools,
    );
  if (toolFormat !== undefined && toolFormat !== 'none')
    throw new ParameterError('chat', 'toolFormat', "'none' or left out with structured output", toolFormat);
  if (continueFinalMessage === true)
    throw new ParameterError('chat', 'continueFinalMessage', 'false or left out with structured output', true);
  if (reasoning !== undefined && reasoning !== false)
    throw new ParameterError('chat', 'reasoning', 'false or left out with structured output', reasoning);
}
