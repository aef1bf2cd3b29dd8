import {
  activate,
  add,
  attention,
  columns,
  type Family,
  type Json,
  linear,
  multiply,
  numberOf,
  rmsNorm,
  row,
  type Text,
} from './arithmetic.ts';
import { rotate, scaledRotation } from './rotation.ts';

/** Phi-3: q, k and v from one tensor, gate and up from another; `partial_rotary_factor` of each head is turned. */
export const phi3: Family = (config, tensors, ids) => {
  const width = numberOf(config, 'hidden_size');
  const heads = numberOf(config, 'num_attention_heads');
  const kvHeads = numberOf(config, 'num_key_value_heads', heads);
  const size = width / heads;
  const epsilon = numberOf(config, 'rms_norm_eps', 1e-5);
  const given = config.rope_scaling as Json | undefined;
  const rope = given && {
    ...given,
    original_max_position_embeddings: numberOf(config, 'original_max_position_embeddings', 4096),
  };
  const turned = Math.floor(size * numberOf(config, 'partial_rotary_factor', 1));
  const length = numberOf(config, 'max_position_embeddings');
  const rotation = scaledRotation(numberOf(config, 'rope_theta', 10000), turned, rope, length);
  const [queries, keys] = [heads * size, kvHeads * size];
  const hidden = numberOf(config, 'intermediate_size');

  const tokens = tensors('model.embed_tokens.weight');
  let x: Text = ids.map((id) => row(tokens, id, width));
  for (let layer = 0; layer < numberOf(config, 'num_hidden_layers'); layer++) {
    const weight = (part: string): Float64Array => tensors(`model.layers.${layer}.${part}.weight`);
    const fused = linear(rmsNorm(x, weight('input_layernorm'), epsilon), weight('self_attn.qkv_proj'));
    const mixed = attention(
      rotate(columns(fused, 0, queries), size, rotation),
      rotate(columns(fused, queries, queries + keys), size, rotation),
      columns(fused, queries + keys, queries + 2 * keys),
      {
        heads,
        kvHeads,
        scale: 1 / Math.sqrt(size),
        window: typeof config.sliding_window === 'number' ? config.sliding_window : undefined,
      },
    );
    x = add(x, linear(mixed, weight('self_attn.o_proj')));
    const both = linear(rmsNorm(x, weight('post_attention_layernorm'), epsilon), weight('mlp.gate_up_proj'));
    const gate = activate(columns(both, 0, hidden), 'silu');
    x = add(x, linear(multiply(gate, columns(both, hidden, 2 * hidden)), weight('mlp.down_proj')));
  }
  const head = config.tie_word_embeddings === true ? tokens : tensors('lm_head.weight');
  return linear(rmsNorm(x, tensors('model.norm.weight'), epsilon), head);
};
