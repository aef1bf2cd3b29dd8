import type { Architecture } from '../engine/operations.ts';
import { type ConfigReader, readConfig, readSlidingLayers } from './shared/config.ts';
import {
  forwardGemma,
  type GemmaConfig,
  type GemmaWeights,
  gemmaDimensions,
  headOfGemma,
  readGemma,
  readSoftcap,
  requestGemma,
} from './shared/gemma-layers.ts';
import { type RotaryConfig, readRotary, readRotaryObject, rotaryObject } from './shared/rotary.ts';

/** Settings of a Gemma 3 model. */
export type Gemma3Config = GemmaConfig;

/**
 * Gemma 3 (Gemma Team 2025), text only: Gemma 2's form with norms of queries and keys instead of soft caps; five of six
 * layers see a window and have a rotary base of their own.
 */
export const gemma3Text: Architecture<Gemma3Config, GemmaWeights> = {
  name: 'gemma3_text',
  configure: (json) => configure(readConfig('gemma3_text', json)),
  dimensions: gemmaDimensions,
  parameters: (p, config, has) => requestGemma(p, config, has('model.embed_tokens.weight') ? 'model.' : ''),
  forward: forwardGemma,
  head: headOfGemma,
};

/** The text side of a Gemma 3 that also sees images; its image side is not read. */
export const gemma3: Architecture<Gemma3Config, GemmaWeights> = {
  name: 'gemma3',

  configure(json) {
    const config = readConfig('gemma3', json);
    const text = config.object('text_config');
    if (text === undefined) return config.fail('text_config', 'the value is missing');
    const tied = config.value('tie_word_embeddings');
    if (tied !== undefined) text.mustBe('tie_word_embeddings', tied);
    return { ...configure(text), tied: config.flag('tie_word_embeddings', text.flag('tie_word_embeddings', true)) };
  },

  dimensions: gemmaDimensions,
  // Checkpoints use three names for the text model; the head is next to it.
  parameters: (p, config, has) =>
    has('language_model.model.embed_tokens.weight')
      ? requestGemma(p, config, 'language_model.model.', 'language_model.lm_head.weight')
      : requestGemma(
          p,
          config,
          has('language_model.embed_tokens.weight') ? 'language_model.' : 'model.language_model.',
        ),
  forward: forwardGemma,
  head: headOfGemma,
};

function configure(config: ConfigReader): Gemma3Config {
  const shared = { ...readGemma(config), vocabSize: config.integer('vocab_size', 262208) };
  // The configuration has the key, but the original code does not read it.
  config.mustBe('attn_logit_softcapping');
  const pattern = config.integer('sliding_window_pattern', config.integer('_sliding_window_pattern', 6));
  const finalSoftcap = readSoftcap(config, 'final_logit_softcapping');
  return {
    ...shared,
    headNorms: true,
    ...(finalSoftcap !== undefined && { finalSoftcap }),
    sliding: readSlidingLayers(config, shared.layers, (layer) => (layer + 1) % pattern !== 0),
    ...readRotaries(config, shared.headDim),
  };
}

/** `rope_theta` and `rope_scaling` with `rope_local_base_freq`, or `rope_parameters` with an object for each kind of layer. */
function readRotaries(
  config: ConfigReader,
  headDim: number,
): Pick<Gemma3Config, 'contextLength' | 'rotary' | 'slidingRotary'> {
  const contextLength = config.integer('max_position_embeddings', 131072);
  const full = { headDim, contextLength, base: 1_000_000 };
  const local = { headDim, contextLength, base: 10_000 };
  const both = rotaryObject(config);
  const nested = both?.keys().some((key) => key === 'full_attention' || key === 'sliding_attention') ?? false;
  let readings: readonly (RotaryConfig & { readonly contextLength: number })[];
  if (both !== undefined && nested) {
    for (const key of both.keys())
      if (key !== 'full_attention' && key !== 'sliding_attention') both.fail(key, 'is not a kind of layer');
    readings = [
      readRotaryObject(both, both.object('full_attention'), full),
      readRotaryObject(both, both.object('sliding_attention'), local),
    ];
  } else
    readings = [
      readRotary(config, full),
      { rotaryBase: config.number('rope_local_base_freq', local.base), contextLength },
    ];
  const [{ contextLength: longest, ...rotary }, { contextLength: slidingLongest, ...slidingRotary }] = readings as [
    RotaryConfig & { contextLength: number },
    RotaryConfig & { contextLength: number },
  ];
  return { contextLength: Math.min(longest, slidingLongest), rotary, slidingRotary };
}
