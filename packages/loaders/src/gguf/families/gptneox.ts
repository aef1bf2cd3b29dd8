import { both, type GgufFamily, onSomeLayer } from './family.ts';
import { biasesOf, vocabulary } from './gated.ts';

const attentionMaps = ['blk.{}.attn_qkv', 'blk.{}.attn_output'];

/** GPT-NeoX and Pythia: GGUF has all queries, then all keys, then all values; Hugging Face's layout keeps those of a head together. */
export const gptNeoX: GgufFamily = {
  architecture: 'gptneox',

  async config(keys) {
    const width = keys.integer('embedding_length');
    const heads = keys.integer('attention.head_count');
    return {
      model_type: 'gpt_neox',
      ...vocabulary(keys),
      hidden_size: width,
      num_hidden_layers: keys.integer('block_count'),
      num_attention_heads: heads,
      intermediate_size: keys.integer('feed_forward_length'),
      layer_norm_eps: keys.number('attention.layer_norm_epsilon'),
      hidden_act: 'gelu',
      max_position_embeddings: keys.integer('context_length'),
      rotary_pct: keys.integer('rope.dimension_count', width / heads) / (width / heads),
      rope_theta: keys.number('rope.freq_base', 10000),
      use_parallel_residual: keys.flag('use_parallel_residual', true),
      attention_bias: onSomeLayer(keys, biasesOf(attentionMaps)),
      tie_word_embeddings: !keys.file.tensors.has('output.weight'),
    };
  },

  tensors(config) {
    const heads = config.num_attention_heads as number;
    return {
      'token_embd.weight': { name: 'gpt_neox.embed_in.weight' },
      ...both('blk.{}.attn_norm', 'gpt_neox.layers.{}.input_layernorm'),
      ...both('blk.{}.attn_qkv', 'gpt_neox.layers.{}.attention.query_key_value', {
        order: (rows) => headsFromParts(rows, heads),
      }),
      ...both('blk.{}.attn_output', 'gpt_neox.layers.{}.attention.dense'),
      ...both('blk.{}.ffn_norm', 'gpt_neox.layers.{}.post_attention_layernorm'),
      ...both('blk.{}.ffn_up', 'gpt_neox.layers.{}.mlp.dense_h_to_4h'),
      ...both('blk.{}.ffn_down', 'gpt_neox.layers.{}.mlp.dense_4h_to_h'),
      ...both('output_norm', 'gpt_neox.final_layer_norm'),
      'output.weight': { name: 'embed_out.weight' },
    };
  },

  optionalBiases: (config) => (config.attention_bias === true ? attentionMaps : []),
};

/** The rows of [heads, 3, headDim] within [3, heads, headDim]. */
function headsFromParts(rows: number, heads: number): readonly number[] {
  const headDim = rows / 3 / heads;
  return Array.from({ length: rows }, (_, row) => {
    const head = Math.floor(row / (3 * headDim));
    const part = Math.floor(row / headDim) % 3;
    return (part * heads + head) * headDim + (row % headDim);
  });
}
