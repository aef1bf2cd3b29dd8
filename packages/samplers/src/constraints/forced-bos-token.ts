import type { HostSampler } from '@tokenwright/core';
import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { force, refuseOutside } from '../shared/token-ids.ts';

export interface ForcedBosTokenOptions {
  readonly token: number;
  /** Length of the text at which it is forced, prompt included. Default 1: right after a decoder's start token. */
  readonly position?: number;
}

/**
 * Force one token at one position (Hugging Face `forced_bos_token_id`, for translation models that are told the language
 * by it): it gets logit 0, all others are removed. It is forced also when an earlier stage had removed it. An id outside
 * the vocabulary is an error when the stage is applied.
 */
export function forcedBosToken(options: ForcedBosTokenOptions): HostSampler {
  checkOptionNames('forcedBosToken', options, ['token', 'position']);
  const token = checkInteger('forcedBosToken', 'token', options.token, 0);
  const position = checkInteger('forcedBosToken', 'position', options.position ?? 1, 0);
  return {
    name: 'forced-bos-token',
    parameters: { token, position },
    kind: 'constraint',
    traits: {
      keepsArgMax: false,
      narrows: false,
    },
    onHost: (logits, step) => {
      refuseOutside('forcedBosToken', 'token', [token], logits.length);
      if (step.position === position) force(logits, [token]);
    },
  };
}
