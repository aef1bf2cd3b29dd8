import type { ChatMessage } from '@tokenwright/chat';
import type { TextResult as CoreTextResult, EndEvent, TokenEvent } from '@tokenwright/core';

/** A finished text: `{ text, ids, finishReason, stopReason, usage, timing, options }`. */
export interface TextResult extends CoreTextResult {
  /** Each token with its probabilities, with the options `logprobs`, `topLogprobs` or `logprobsOf`. */
  readonly tokens?: readonly TokenReport[];
}

/** A finished text of a batch. */
export interface BatchTextResult extends TextResult {
  /** Index of the prompt in the batch, from 0. */
  readonly promptIndex: number;
  /** Index of the sequence among those of the prompt, from 0. More than one with `numReturnSequences`. */
  readonly sequence: number;
}

/** An answer of a chat. */
export interface ChatResult extends TextResult {
  /** The answer as a message, to append to the messages of the next call. */
  readonly message: AssistantMessage;
}

/** A message of the model. */
export interface AssistantMessage extends ChatMessage {
  readonly role: 'assistant';
  readonly content: string;
}

/** A token and what the options of log-probabilities report about it. */
export type TokenReport = Pick<TokenEvent, 'id' | 'text' | 'logprob' | 'rank' | 'top' | 'named'>;

/** The result that an end event and the token events before it make. */
export function textResult(end: EndEvent, tokens: readonly TokenEvent[] | undefined): TextResult {
  const { text = '', ids, finishReason, stopReason, score, usage, timing, options } = end;
  return {
    text,
    ids,
    finishReason,
    ...(stopReason === undefined ? {} : { stopReason }),
    ...(score === undefined ? {} : { score }),
    usage,
    timing,
    options,
    ...(tokens === undefined ? {} : { tokens: tokens.map(tokenReport) }),
  };
}

function tokenReport({
  type: _,
  promptIndex: __,
  sequence: ___,
  explanation: ____,
  ...report
}: TokenEvent): TokenReport {
  return report;
}
