import type { ModelDefaults } from './language-model.ts';
import type { ResolvedOptions } from './options.ts';
import type { HostSampler, MaskSampler, Sampler } from './sampler.ts';

/** The caller's chain, with the stages that options and the checkpoint add before and after it. */
export function chainOf(options: ResolvedOptions, defaults: ModelDefaults): readonly Sampler[] {
  const { samplers, minNewTokens, minLength, endTokens } = options;
  const { forcedBeginToken: begin, forcedEndToken: end } = defaults;
  const least = (minNewTokens > 0 || minLength > 0) && endTokens.length > 0;
  return [
    ...(least ? [minimumLength(minNewTokens, minLength)] : []),
    ...samplers,
    ...(begin === undefined && end === undefined ? [] : [forcedTokens(begin, end)]),
  ];
}

/** No end token until there are so many new tokens, and so many in all. */
function minimumLength(minNewTokens: number, minLength: number): MaskSampler {
  return {
    name: 'minimum-length',
    parameters: { minNewTokens, minLength },
    allowed({ position, promptLength, endTokens, vocabSize }) {
      const bits = new Uint32Array(Math.ceil(vocabSize / 32)).fill(0xffffffff);
      if (position - promptLength < minNewTokens || position < minLength)
        for (const id of endTokens) bits[id >>> 5]! &= ~(1 << (id & 31));
      return bits;
    },
  };
}

/** What an encoder-decoder checkpoint prescribes: the token after the start token, and the last one that fits. */
function forcedTokens(begin: number | undefined, end: number | undefined): HostSampler {
  return {
    name: 'forced-tokens',
    parameters: { begin: begin ?? null, end: end ?? null },
    onHost(logits, { position, promptLength, maxLength }) {
      const forced = position === maxLength - 1 ? (end ?? undefined) : undefined;
      const id = forced ?? (position === promptLength && promptLength === 1 ? begin : undefined);
      if (id === undefined) return;
      logits.fill(-Infinity);
      logits[id] = 0;
    },
  };
}
