import {
  activate,
  add,
  attention,
  type Family,
  headwise,
  linear,
  multiply,
  numberOf,
  rmsNorm,
  row,
  type Text,
} from './arithmetic.ts';
import { plainRotation, rotate } from './rotation.ts';

/** Qwen 3: each head of q and k is normalized before it is turned; `layer_types` may name windowed layers. */
export const qwen3: Family = (config, tensors, ids) => {
  const width = numberOf(config, 'hidden_size');
  const heads = numberOf(config, 'num_attention_heads');
  const kvHeads = numberOf(config, 'num_key_value_heads', 32);
  const size = numberOf(config, 'head_dim', 128);
  const epsilon = numberOf(config, 'rms_norm_eps', 1e-6);
  const rotation = plainRotation(numberOf(config, 'rope_theta', 10000), size);
  const types = config.layer_types as readonly string[] | undefined;

  const tokens = tensors('model.embed_tokens.weight');
  let x: Text = ids.map((id) => row(tokens, id, width));
  for (let layer = 0; layer < numberOf(config, 'num_hidden_layers'); layer++) {
    const tensor = (part: string): Float64Array => tensors(`model.layers.${layer}.${part}`);
    const normed = rmsNorm(x, tensor('input_layernorm.weight'), epsilon);
    const project = (input: Text, part: string): Text =>
      linear(
        input,
        tensor(`self_attn.${part}_proj.weight`),
        config.attention_bias === true ? tensor(`self_attn.${part}_proj.bias`) : undefined,
      );
    const turned = (part: string): Text => {
      const gain = tensor(`self_attn.${part}_norm.weight`);
      return rotate(
        headwise(project(normed, part), size, (head) => rmsNorm(head, gain, epsilon)),
        size,
        rotation,
      );
    };
    const mixed = attention(turned('q'), turned('k'), project(normed, 'v'), {
      heads,
      kvHeads,
      scale: 1 / Math.sqrt(size),
      window: types?.[layer] === 'sliding_attention' ? numberOf(config, 'sliding_window') : undefined,
    });
    x = add(x, project(mixed, 'o'));
    const second = rmsNorm(x, tensor('post_attention_layernorm.weight'), epsilon);
    const gate = activate(linear(second, tensor('mlp.gate_proj.weight')), 'silu');
    const inner = multiply(gate, linear(second, tensor('mlp.up_proj.weight')));
    x = add(x, linear(inner, tensor('mlp.down_proj.weight')));
  }
  const head = config.tie_word_embeddings === true ? tokens : tensors('lm_head.weight');
  return linear(rmsNorm(x, tensors('model.norm.weight'), epsilon), head);
};
