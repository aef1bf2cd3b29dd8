import { TokenwrightError } from '@tokenwright/core';

/**
 * Why a chat could not be rendered: the model has no template (`missing`), the template cannot be parsed (`syntax`), it refused the
 * messages on purpose (`raised`), it failed (`failed`), or it left out a message because it does not know the role (`role`).
 */
export type ChatTemplateReason = 'missing' | 'syntax' | 'raised' | 'failed' | 'role';

/** The model's template cannot render a chat. `reason` says why. */
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
