import { defineSampler } from '@tokenwright/core';
import { booleanOption } from '@tokenwright/core/options';
import { suppressTokensAtBegin as published, suppressTokensAt } from '../constraints/suppress-tokens-at-begin.ts';
import { switchOption } from './switch.ts';

const { definition } = published;

/**
 * Tokens removed from the first choice, with `afterForcedBos`: after a prompt of one token, whose next token is forced, the first
 * choice is the one after that (Hugging Face, with `forced_bos_token_id`).
 *
 * @example
 * ```ts
 * suppressTokensAtBegin({ tokens: [220], afterForcedBos: true });
 * ```
 */
export const suppressTokensAtBegin = defineSampler({
  ...definition,
  options: {
    ...definition.options,
    afterForcedBos: switchOption(
      booleanOption({ default: false, help: 'Whether the token after a prompt of one token is forced' }),
    ),
  },
  create: ({ tokens, position, afterForcedBos }) =>
    suppressTokensAt(
      tokens,
      ({ promptLength }) => position ?? promptLength + (afterForcedBos && promptLength === 1 ? 1 : 0),
    ),
});
