import type { HostSampler } from '@tokenwright/core';
import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { checkEndTokens, type EosTokenIdsOption } from '../shared/eos-token-ids.ts';
import { force } from '../shared/token-ids.ts';

export interface ForcedEosTokenOptions extends EosTokenIdsOption {
  /** Most tokens that the text may have, prompt included. Default: the run's limit. */
  readonly maxLength?: number;
}

/**
 * Force the end when only one token more is allowed: at length maxLength - 1 the end tokens get logit 0 each, all others are
 * removed (Hugging Face `forced_eos_token_id`). Without an end token it does nothing. An end token is forced also when an
 * earlier stage had removed it.
 */
export function forcedEosToken(options: ForcedEosTokenOptions = {}): HostSampler {
  checkOptionNames('forcedEosToken', options, ['eosTokenIds', 'maxLength']);
  const { maxLength } = options;
  if (maxLength !== undefined) checkInteger('forcedEosToken', 'maxLength', maxLength, 1);
  const ends = checkEndTokens('forcedEosToken', options);
  return {
    name: 'forced-eos-token',
    parameters: { ...ends.parameters, ...(maxLength === undefined ? {} : { maxLength }) },
    kind: 'constraint',
    traits: {
      keepsArgMax: false,
      narrows: false,
    },
    onHost: (logits, step) => {
      if (step.position !== (maxLength ?? step.maxLength) - 1) return;
      const ids = ends.of(step);
      if (ids.length > 0) force(logits, ids);
    },
  };
}
