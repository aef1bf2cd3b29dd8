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

/** Qwen 2: biases on q, k and v; layers from `max_window_layers` on are windowed when `use_sliding_window` is true. */
export const qwen2: Family = (config, tensors, ids) => {
  const width = numberOf(config, 'hidden_size');
  const heads = numberOf(config, 'num_attention_heads');
  const kvHeads = numberOf(config, 'num_key_value_heads', 32);
  const size = width / heads;
  const epsilon = numberOf(config, 'rms_norm_eps', 1e-6);
  const rotation = plainRotation(numberOf(config, 'rope_theta', 10000), size);

  const tokens = tensors('model.embed_tokens.weight');
  let x: Text = ids.map((id) => row(tokens, id, width));
  for (let layer = 0; layer < numberOf(config, 'num_hidden_layers'); layer++) {
    const tensor = (part: string): Float64Array => tensors(`model.layers.${layer}.${part}`);
    const normed = rmsNorm(x, tensor('input_layernorm.weight'), epsilon);
    const biased = (part: string): Text =>
      linear(normed, tensor(`self_attn.${part}_proj.weight`), tensor(`self_attn.${part}_proj.bias`));
    const windowed = config.use_sliding_window === true && layer >= numberOf(config, 'max_window_layers', 28);
    const mixed = attention(rotate(biased('q'), size, rotation), rotate(biased('k'), size, rotation), biased('v'), {
      heads,
      kvHeads,
      scale: 1 / Math.sqrt(size),
      window: windowed ? numberOf(config, 'sliding_window', 4096) : undefined,
    });
    x = add(x, linear(mixed, tensor('self_attn.o_proj.weight')));
    const second = rmsNorm(x, tensor('post_attention_layernorm.weight'), epsilon);
    const gate = activate(linear(second, tensor('mlp.gate_proj.weight')), 'silu');
    const inner = multiply(gate, linear(second, tensor('mlp.up_proj.weight')));
    x = add(x, linear(inner, tensor('mlp.down_proj.weight')));
  }
  const head = config.tie_word_embeddings === true ? tokens : tensors('lm_head.weight');
  return linear(rmsNorm(x, tensors('model.norm.weight'), epsilon), head);
};
