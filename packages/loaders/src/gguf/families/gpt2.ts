import { both, type GgufFamily, type Published } from './family.ts';
import { vocabulary } from './gated.ts';

/** GPT-2: GGUF has a row for each output, Hugging Face's layout a row for each input. */
export const gpt2: GgufFamily = {
  architecture: 'gpt2',

  async config(keys) {
    keys.ignore('vocab_size');
    return {
      model_type: 'gpt2',
      ...vocabulary(keys),
      n_embd: keys.integer('embedding_length'),
      n_layer: keys.integer('block_count'),
      n_head: keys.integer('attention.head_count'),
      n_positions: keys.integer('context_length'),
      n_inner: keys.integer('feed_forward_length'),
      layer_norm_epsilon: keys.number('attention.layer_norm_epsilon'),
      activation_function: 'gelu_new',
      tie_word_embeddings: !keys.file.tensors.has('output.weight'),
    };
  },

  tensors: () => ({
    'token_embd.weight': { name: 'transformer.wte.weight' },
    'position_embd.weight': { name: 'transformer.wpe.weight' },
    ...both('blk.{}.attn_norm', 'transformer.h.{}.ln_1'),
    ...linear('blk.{}.attn_qkv', 'transformer.h.{}.attn.c_attn'),
    ...linear('blk.{}.attn_output', 'transformer.h.{}.attn.c_proj'),
    ...both('blk.{}.ffn_norm', 'transformer.h.{}.ln_2'),
    ...linear('blk.{}.ffn_up', 'transformer.h.{}.mlp.c_fc'),
    ...linear('blk.{}.ffn_down', 'transformer.h.{}.mlp.c_proj'),
    ...both('output_norm', 'transformer.ln_f'),
    'output.weight': { name: 'lm_head.weight' },
  }),
};

function linear(from: string, to: string): Record<string, Published> {
  return both(from, to, { transposed: true });
}
