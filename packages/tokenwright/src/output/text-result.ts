import type { ChatMessage, ToolCall, ToolCallError } from '@tokenwright/chat';
import type { TextResult as CoreTextResult, EndEvent, TokenEvent } from '@tokenwright/core';
import type { SchemaValidationError } from '../structured/schema-validation-error.ts';

/**
 * A finished text: `{ text, ids, finishReason, stopReason, usage, timing, options }`, and `object` in a call with a `schema` or
 * `choices`.
 */
export interface TextResult<Value = unknown> extends CoreTextResult {
  /**
   * The value of the reply: of its JSON with a `schema`, after the schema's checks and transforms; or the choice. Undefined for a
   * reply that was cut off, such as with `finishReason: 'length'`; `text` then has what there is.
   */
  readonly object?: Value | undefined;
  /** Each token with its probabilities, with the options `logprobs`, `topLogprobs` or `logprobsOf`. */
  readonly tokens?: readonly TokenReport[];
}

/** A finished text of a batch. */
export interface BatchTextResult<Value = unknown> extends TextResult<Value> {
  /** Index of the prompt in the batch, from 0. */
  readonly promptIndex: number;
  /** Index of the sequence among those of the prompt, from 0. More than one with `numReturnSequences`. */
  readonly sequence: number;
  /** Why there is no `object`, when the schema's own checks refuse the value. Other results of the batch have theirs. */
  readonly error?: SchemaValidationError | undefined;
}

/** An answer of a chat. */
export interface ChatResult<Value = unknown> extends TextResult<Value> {
  /**
   * The answer as a message, to append to the messages of the next call. With `continueFinalMessage` it is the whole message, and
   * takes the place of the last.
   */
  readonly message: AssistantMessage;
  /** The tools that the model called; [] for none. Append a message of the role 'tool' with the result of each. */
  readonly toolCalls: readonly ToolCall[];
  /** What began as a call and cannot be used; [] for none. */
  readonly invalidToolCalls: readonly InvalidToolCall[];
  /** What the model wrote before its answer, to reason; '' for nothing. */
  readonly reasoning: string;
}

/** What began as a tool call and cannot be used. */
export type InvalidToolCall = Pick<ToolCallError, 'reason' | 'tool' | 'text' | 'message'>;

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
