import type { ChatTemplate } from '@tokenwright/core';
import { checkString } from '@tokenwright/core/options';
import { checkTexts } from './check-chat.ts';

/**
 * A chat template from its source, for a model whose files have none.
 *
 * @param templates the Jinja source, or several by name ('default', 'tool_use' and so on).
 * @param specialTokens `bos_token`, `eos_token` and so on, as the templates use them. Default none.
 * @param model the name that errors use.
 * @throws ParameterError.
 * @example
 * ```ts
 * const template = createChatTemplate("{{ bos_token }}{{ messages[0].content }}", { bos_token: '<s>' });
 * ```
 */
export function createChatTemplate(
  templates: string | Readonly<Record<string, string>>,
  specialTokens: Readonly<Record<string, string>> = {},
  model = 'the model',
): ChatTemplate {
  const owner = 'createChatTemplate';
  const sources = typeof templates === 'string' ? { default: templates } : checkTexts(owner, 'templates', templates);
  const tokens = checkTexts(owner, 'specialTokens', specialTokens);
  return { model: checkString(owner, 'model', model), names: Object.keys(sources), sources, specialTokens: tokens };
}
