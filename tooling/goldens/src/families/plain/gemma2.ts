import {
  activate,
  add,
  attention,
  type Family,
  linear,
  multiply,
  numberOf,
  onePlus,
  rmsNorm,
  row,
  type Text,
} from './arithmetic.ts';
import { plainRotation, rotate } from './rotation.ts';

/** Gemma 2: x += norm(attention(norm(x))), x += norm(feedForward(norm(x))); even layers are windowed. */
export const gemma2: Family = (config, tensors, ids) => {
  const width = numberOf(config, 'hidden_size');
  const heads = numberOf(config, 'num_attention_heads');
  const kvHeads = numberOf(config, 'num_key_value_heads', 4);
  const size = numberOf(config, 'head_dim', 256);
  const epsilon = numberOf(config, 'rms_norm_eps', 1e-6);
  const rotation = plainRotation(numberOf(config, 'rope_theta', 10000), size);
  const cap = (key: string, fallback: number): number | undefined =>
    config[key] === null ? undefined : numberOf(config, key, fallback);
  const scoreCap = cap('attn_logit_softcapping', 50);
  const logitCap = cap('final_logit_softcapping', 30);

  const tokens = tensors('model.embed_tokens.weight');
  let x: Text = ids.map((id) => row(tokens, id, width).map((value) => value * Math.sqrt(width)));
  for (let layer = 0; layer < numberOf(config, 'num_hidden_layers'); layer++) {
    const weight = (part: string): Float64Array => tensors(`model.layers.${layer}.${part}.weight`);
    const norm = (input: Text, part: string): Text => rmsNorm(input, onePlus(weight(part)), epsilon);
    const normed = norm(x, 'input_layernorm');
    const mixed = attention(
      rotate(linear(normed, weight('self_attn.q_proj')), size, rotation),
      rotate(linear(normed, weight('self_attn.k_proj')), size, rotation),
      linear(normed, weight('self_attn.v_proj')),
      {
        heads,
        kvHeads,
        scale: numberOf(config, 'query_pre_attn_scalar', 256) ** -0.5,
        softcap: scoreCap,
        window: layer % 2 === 0 ? numberOf(config, 'sliding_window', 4096) : undefined,
      },
    );
    x = add(x, norm(linear(mixed, weight('self_attn.o_proj')), 'post_attention_layernorm'));
    const second = norm(x, 'pre_feedforward_layernorm');
    const gate = activate(linear(second, weight('mlp.gate_proj')), 'gelu_pytorch_tanh');
    const fed = linear(multiply(gate, linear(second, weight('mlp.up_proj'))), weight('mlp.down_proj'));
    x = add(x, norm(fed, 'post_feedforward_layernorm'));
  }
  const logits = linear(rmsNorm(x, onePlus(tensors('model.norm.weight')), epsilon), tokens);
  if (logitCap === undefined) return logits;
  return logits.map((vector) => vector.map((value) => logitCap * Math.tanh(value / logitCap)));
};
