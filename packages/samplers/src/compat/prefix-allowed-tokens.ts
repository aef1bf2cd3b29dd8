import { defineSampler } from '@tokenwright/core';
import { booleanOption } from '@tokenwright/core/options';
import { allowedIds, prefixAllowedTokens as published } from '../constraints/prefix-allowed-tokens.ts';
import { force } from '../shared/token-ids.ts';
import { switchOption } from './switch.ts';

const { definition } = published;

/**
 * Allowed tokens, with `insists`: when earlier stages removed all allowed tokens, these come back with equal logits (Hugging Face since
 * 5.18, which does so when it holds for all beams of a text; here each row is looked at alone). Without it the row is empty, which is
 * an error of the run.
 *
 * @example
 * ```ts
 * prefixAllowedTokens({ allowed: () => [5, 6], insists: true });
 * ```
 */
export const prefixAllowedTokens = defineSampler({
  ...definition,
  options: {
    ...definition.options,
    insists: switchOption(
      booleanOption({
        default: false,
        help: 'Whether allowed tokens come back that earlier stages removed, all of them',
      }),
    ),
  },
  create: ({ allowed, insists }) => {
    if (!insists) return published({ allowed });
    return {
      traits: {},
      onHost(logits, step) {
        const ids = new Set(allowedIds(allowed, step));
        if ([...ids].every((id) => logits[id] === -Infinity)) force(logits, ids);
        else for (let id = 0; id < logits.length; id++) if (!ids.has(id)) logits[id] = -Infinity;
      },
    };
  },
});
