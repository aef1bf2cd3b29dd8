import { TokenwrightError } from '@tokenwright/core';

/**
 * Why a chat could not be rendered: the model has no template (`missing`), the template is not valid Jinja (`syntax`), it refused the
 * messages on purpose (`raised`), it failed (`failed`), it uses something of Jinja2 that is not supported, or a message has a part that
 * is not a text (`unsupported`), it asked for too much work or memory (`limit`), or it left out a message because it does not know the
 * role (`role`).
 */
export type ChatTemplateReason = 'missing' | 'syntax' | 'raised' | 'failed' | 'unsupported' | 'limit' | 'role';

/** The model's template cannot render a chat. `reason` says why. */
export class ChatTemplateError extends TokenwrightError {
  override readonly name: string = 'ChatTemplateError';
  readonly model: string;
  readonly reason: ChatTemplateReason;
  /** The line of the template, from 1; undefined when the reason has none. */
  readonly line: number | undefined;

  constructor(
    model: string,
    reason: ChatTemplateReason,
    problem: string,
    options: ErrorOptions & { readonly line?: number | undefined } = {},
  ) {
    const { line, ...rest } = options;
    super(`${model}: ${problem}`, rest);
    this.model = model;
    this.reason = reason;
    this.line = line;
  }
}
