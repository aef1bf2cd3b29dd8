import type { JsonObject } from '../../sources/json.ts';
import type { GgufKeys } from '../file/keys.ts';
import type { GgufFamily } from './family.ts';
import { ropeScaling } from './gated.ts';
import { gemmaConfig, gemmaTensors, softcap } from './gemma.ts';

/** Gemma 3, text only: norms of queries and keys; five of six layers see a window and turn by a base of their own. */
export const gemma3: GgufFamily = {
  architecture: 'gemma3',

  async config(keys) {
    // Files of Ollama also hold the part that sees images, under the same architecture.
    for (const prefix of ['vision.', 'mm.']) keys.leaveOut(prefix);
    const shared = gemmaConfig(keys, 62);
    return {
      model_type: 'gemma3_text',
      ...shared,
      // Where the file says nothing, llama.cpp takes the base of the published models.
      rope_theta: underEitherName(keys, 'rope.freq_base', 'rope.global.freq_base', 1_000_000),
      rope_local_base_freq: underEitherName(keys, 'rope.freq_base_swa', 'rope.local.freq_base', 10_000),
      ...ropeScaling(keys),
      ...slidingLayers(keys, shared.num_hidden_layers as number),
      final_logit_softcapping: softcap(keys, 'final_logit_softcapping', 0),
    };
  },

  tensors: () => gemmaTensors,

  leftOut: /^(v|mm)\./,
};

/** A number that Ollama writes under a name of its own. The name of llama.cpp goes first where a file has both. */
function underEitherName(keys: GgufKeys, key: string, other: string, fallback: number): number {
  return keys.number(key, keys.number(other, fallback));
}

/** Which layers see a window: a list, or how often one comes that sees all. */
function slidingLayers(keys: GgufKeys, layers: number): JsonObject {
  const key = 'attention.sliding_window_pattern';
  const listed = keys.flagsOfLayers(key, layers);
  if (listed === undefined) return { sliding_window_pattern: keys.integer(key, 6) };
  return { layer_types: listed.map((slides) => (slides ? 'sliding_attention' : 'full_attention')) };
}
