import { leadingStage } from '../../sampling/chain/stages.ts';
import type { HostSampler, MaskSampler, Sampler } from '../../sampling/sampler.ts';
import type { ResolvedOptions } from './options.ts';

/**
 * The caller's chain, with the stages that other options add before and after it.
 *
 * @param before tokens that earlier calls generated from the same state: new tokens are counted after them.
 */
export function chainOf(options: ResolvedOptions, before: number = 0): readonly Sampler[] {
  const { samplers, minNewTokens, minLength, eosTokenIds, forcedBosTokenId: begin, forcedEosTokenId: end } = options;
  const least = (minNewTokens > 0 || minLength > 0) && eosTokenIds.length > 0;
  return [
    ...(least ? [minimumLength(minNewTokens, minLength, before)] : []),
    ...samplers,
    ...(begin === null && end === null ? [] : [forcedTokens(begin, end)]),
  ];
}

/** No end token before the minimum number of new tokens and the minimum length. */
function minimumLength(minNewTokens: number, minLength: number, before: number): MaskSampler {
  const sampler: MaskSampler = {
    name: 'minimum-length',
    parameters: { minNewTokens, minLength },
    mask({ position, promptLength, eosTokenIds, vocabSize }) {
      const bits = new Uint32Array(Math.ceil(vocabSize / 32)).fill(0xffffffff);
      if (position - promptLength - before < minNewTokens || position < minLength)
        for (const id of eosTokenIds) bits[id >>> 5]! &= ~(1 << (id & 31));
      return bits;
    },
  };
  return leadingStage(sampler);
}

/** What an encoder-decoder checkpoint prescribes: the token after the start token, and the last one that fits. */
function forcedTokens(begin: number | null, end: number | null): HostSampler {
  return {
    name: 'forced-tokens',
    parameters: { begin, end },
    onHost(logits, { position, promptLength, maxLength }) {
      const last = position === maxLength - 1 ? end : null;
      const id = last ?? (position === 1 && promptLength === 1 ? begin : null);
      if (id === null) return;
      logits.fill(-Infinity);
      logits[id] = 0;
    },
  };
}
