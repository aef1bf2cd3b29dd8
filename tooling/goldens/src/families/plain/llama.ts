import {
  activate,
  add,
  attention,
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

/** Llama: x += attention(norm(x)), x += down(silu(gate(norm(x))) * up(norm(x))). */
export const llama: Family = (config, tensors, ids) => {
  const width = numberOf(config, 'hidden_size');
  const heads = numberOf(config, 'num_attention_heads');
  const kvHeads = numberOf(config, 'num_key_value_heads', heads);
  const size = numberOf(config, 'head_dim', width / heads);
  const epsilon = numberOf(config, 'rms_norm_eps', 1e-6);
  const rope = (config.rope_scaling ?? config.rope_parameters ?? undefined) as Json | undefined;
  const base = numberOf({ ...config, ...rope }, 'rope_theta', 10000);
  const rotation = scaledRotation(base, size, rope, numberOf(config, 'max_position_embeddings'));
  const attentionBias = config.attention_bias === true;
  const feedForwardBias = config.mlp_bias === true;

  const tokens = tensors('model.embed_tokens.weight');
  let x: Text = ids.map((id) => row(tokens, id, width));
  for (let layer = 0; layer < numberOf(config, 'num_hidden_layers'); layer++) {
    const name = `model.layers.${layer}`;
    const project = (input: Text, part: string, biased: boolean): Text =>
      linear(input, tensors(`${name}.${part}.weight`), biased ? tensors(`${name}.${part}.bias`) : undefined);
    const normed = rmsNorm(x, tensors(`${name}.input_layernorm.weight`), epsilon);
    const q = rotate(project(normed, 'self_attn.q_proj', attentionBias), size, rotation);
    const k = rotate(project(normed, 'self_attn.k_proj', attentionBias), size, rotation);
    const v = project(normed, 'self_attn.v_proj', attentionBias);
    const mixed = attention(q, k, v, { heads, kvHeads, scale: 1 / Math.sqrt(size) });
    x = add(x, project(mixed, 'self_attn.o_proj', attentionBias));
    const second = rmsNorm(x, tensors(`${name}.post_attention_layernorm.weight`), epsilon);
    const gate = activate(project(second, 'mlp.gate_proj', feedForwardBias), String(config.hidden_act ?? 'silu'));
    const inner = multiply(gate, project(second, 'mlp.up_proj', feedForwardBias));
    x = add(x, project(inner, 'mlp.down_proj', feedForwardBias));
  }
  const head = config.tie_word_embeddings === true ? tokens : tensors('lm_head.weight');
  return linear(rmsNorm(x, tensors('model.norm.weight'), epsilon), head);
};
