import { TokenwrightError } from '@tokenwright/core';

/**
 * Why a chat became no text: the model has no template; it cannot be parsed; it raised an exception on purpose, to refuse the messages;
 * it failed; or it left out a message because it does not know its role.
 */
export type ChatTemplateReason = 'missing' | 'syntax' | 'raised' | 'failed' | 'role';

/** A chat cannot be made a text by the model's template. */
export class ChatTemplateError extends TokenwrightError {
  override readonly name: string = 'ChatTemplateError';
  readonly model: string;
  readonly reason: ChatTemplateReason;

  constructor(model: string, reason: ChatTemplateReason, problem: string, options?: ErrorOptions) {
    super(`${model}: ${problem}`, options);
    this.model = model;
    this.reason = reason;
  }
}
