import type { GgufFamily, Published } from './family.ts';
import { vocabulary } from './gated.ts';

/** T5 and Flan-T5. */
export const t5: GgufFamily = {
  architecture: 't5',

  async config(keys) {
    const heads = keys.integer('attention.head_count');
    const headDim = keys.integer('attention.key_length');
    keys.mustBe('attention.value_length', headDim);
    keys.mustBe('attention.head_count_kv', heads);
    keys.ignore('attention.layer_norm_epsilon');
    const { tensors } = keys.file;
    const layers = keys.integer('block_count');
    const start = keys.integer('decoder_start_token_id', 0, 0);
    return {
      model_type: 't5',
      is_encoder_decoder: true,
      ...vocabulary(keys),
      n_positions: keys.integer('context_length'),
      d_model: keys.integer('embedding_length'),
      d_kv: headDim,
      d_ff: keys.integer('feed_forward_length'),
      num_layers: layers,
      num_decoder_layers: keys.integer('decoder_block_count', layers),
      num_heads: heads,
      relative_attention_num_buckets: keys.integer('attention.relative_buckets_count'),
      // The file does not hold it; it is 128 in every published model.
      relative_attention_max_distance: 128,
      layer_norm_epsilon: keys.number('attention.layer_norm_rms_epsilon'),
      feed_forward_proj: tensors.has('enc.blk.0.ffn_gate.weight') ? 'gated-gelu' : 'relu',
      tie_word_embeddings: !tensors.has('output.weight'),
      decoder_start_token_id: start,
    };
  },

  tensors(config) {
    const gated = config.feed_forward_proj !== 'relu';
    return {
      'token_embd.weight': { name: 'shared.weight' },
      'output.weight': { name: 'lm_head.weight' },
      'enc.output_norm.weight': { name: 'encoder.final_layer_norm.weight' },
      'dec.output_norm.weight': { name: 'decoder.final_layer_norm.weight' },
      ...side('enc', 'encoder', 1, gated),
      ...side('dec', 'decoder', 2, gated),
      'dec.blk.{}.cross_attn_norm.weight': { name: 'decoder.block.{}.layer.1.layer_norm.weight' },
      ...attention('dec.blk.{}.cross_attn', 'decoder.block.{}.layer.1.EncDecAttention'),
    };
  },

  // Old checkpoints have this table, but the model never looks at it.
  beside: ['dec.blk.0.cross_attn_rel_b.weight'],
};

/** @param last index of the feed-forward block within a layer. */
function side(from: string, to: string, last: number, gated: boolean): Record<string, Published> {
  const dense = `${to}.block.{}.layer.${last}`;
  return {
    [`${from}.blk.{}.attn_norm.weight`]: { name: `${to}.block.{}.layer.0.layer_norm.weight` },
    ...attention(`${from}.blk.{}.attn`, `${to}.block.{}.layer.0.SelfAttention`),
    [`${from}.blk.{}.attn_rel_b.weight`]: {
      name: `${to}.block.{}.layer.0.SelfAttention.relative_attention_bias.weight`,
    },
    [`${from}.blk.{}.ffn_norm.weight`]: { name: `${dense}.layer_norm.weight` },
    [`${from}.blk.{}.ffn_gate.weight`]: { name: `${dense}.DenseReluDense.wi_0.weight` },
    [`${from}.blk.{}.ffn_up.weight`]: { name: `${dense}.DenseReluDense.${gated ? 'wi_1' : 'wi'}.weight` },
    [`${from}.blk.{}.ffn_down.weight`]: { name: `${dense}.DenseReluDense.wo.weight` },
  };
}

function attention(from: string, to: string): Record<string, Published> {
  return Object.fromEntries(
    ['q', 'k', 'v', 'o'].map((part) => [`${from}_${part}.weight`, { name: `${to}.${part}.weight` }]),
  );
}
