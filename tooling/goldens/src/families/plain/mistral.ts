import {
  activate,
  add,
  attention,
  type Family,
  linear,
  multiply,
  numberOf,
  rmsNorm,
  row,
  type Text,
} from './arithmetic.ts';
import { plainRotation, rotate } from './rotation.ts';

/** Mistral: every position sees `sliding_window` positions in every layer; null means all. */
export const mistral: Family = (config, tensors, ids) => {
  const width = numberOf(config, 'hidden_size');
  const heads = numberOf(config, 'num_attention_heads');
  const kvHeads = numberOf(config, 'num_key_value_heads', 8);
  const size = numberOf(config, 'head_dim', width / heads);
  const epsilon = numberOf(config, 'rms_norm_eps', 1e-6);
  const rotation = plainRotation(numberOf(config, 'rope_theta', 10000), size);
  const window = config.sliding_window === null ? undefined : numberOf(config, 'sliding_window', 4096);

  const tokens = tensors('model.embed_tokens.weight');
  let x: Text = ids.map((id) => row(tokens, id, width));
  for (let layer = 0; layer < numberOf(config, 'num_hidden_layers'); layer++) {
    const weight = (part: string): Float64Array => tensors(`model.layers.${layer}.${part}.weight`);
    const normed = rmsNorm(x, weight('input_layernorm'), epsilon);
    const q = rotate(linear(normed, weight('self_attn.q_proj')), size, rotation);
    const k = rotate(linear(normed, weight('self_attn.k_proj')), size, rotation);
    const v = linear(normed, weight('self_attn.v_proj'));
    const mixed = attention(q, k, v, { heads, kvHeads, scale: 1 / Math.sqrt(size), window });
    x = add(x, linear(mixed, weight('self_attn.o_proj')));
    const second = rmsNorm(x, weight('post_attention_layernorm'), epsilon);
    const gate = activate(linear(second, weight('mlp.gate_proj')), 'silu');
    x = add(x, linear(multiply(gate, linear(second, weight('mlp.up_proj'))), weight('mlp.down_proj')));
  }
  return linear(rmsNorm(x, tensors('model.norm.weight'), epsilon), tensors('lm_head.weight'));
};
