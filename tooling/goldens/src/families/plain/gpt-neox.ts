import { activate, add, attention, type Family, layerNorm, linear, numberOf, row, type Text } from './arithmetic.ts';
import { plainRotation, rotate } from './rotation.ts';

/**
 * GPT-NeoX: x + attention(norm1(x)) + feedForward(norm2(x)), or one after the other. The outputs of query_key_value are
 * [heads, (q, k, v), size].
 */
export const gptNeoX: Family = (config, tensors, ids) => {
  const width = numberOf(config, 'hidden_size');
  const heads = numberOf(config, 'num_attention_heads');
  const size = width / heads;
  const epsilon = numberOf(config, 'layer_norm_eps', 1e-5);
  const turned = Math.floor(size * numberOf(config, 'rotary_pct', 0.25));
  const rotation = plainRotation(numberOf(config, 'rotary_emb_base', 10000), turned);
  const attentionBias = config.attention_bias !== false;

  const tokens = tensors('gpt_neox.embed_in.weight');
  let x: Text = ids.map((id) => row(tokens, id, width));
  for (let layer = 0; layer < numberOf(config, 'num_hidden_layers'); layer++) {
    const tensor = (part: string): Float64Array => tensors(`gpt_neox.layers.${layer}.${part}`);
    const norm = (input: Text, part: string): Text =>
      layerNorm(input, tensor(`${part}.weight`), tensor(`${part}.bias`), epsilon);
    const dense = (input: Text, part: string, biased = true): Text =>
      linear(input, tensor(`${part}.weight`), biased ? tensor(`${part}.bias`) : undefined);
    const fused = dense(norm(x, 'input_layernorm'), 'attention.query_key_value', attentionBias);
    const part = (index: number): Text =>
      fused.map((vector) => {
        const result = new Float64Array(width);
        for (let head = 0; head < heads; head++)
          for (let i = 0; i < size; i++) result[head * size + i] = vector[head * 3 * size + index * size + i]!;
        return result;
      });
    const mixed = attention(rotate(part(0), size, rotation), rotate(part(1), size, rotation), part(2), {
      heads,
      kvHeads: heads,
      scale: 1 / Math.sqrt(size),
    });
    const attended = dense(mixed, 'attention.dense', attentionBias);
    const feedForward = (input: Text): Text =>
      dense(
        activate(
          dense(norm(input, 'post_attention_layernorm'), 'mlp.dense_h_to_4h'),
          String(config.hidden_act ?? 'gelu'),
        ),
        'mlp.dense_4h_to_h',
      );
    const sum = add(x, attended);
    x = add(sum, feedForward(config.use_parallel_residual === false ? sum : x));
  }
  const final = layerNorm(
    x,
    tensors('gpt_neox.final_layer_norm.weight'),
    tensors('gpt_neox.final_layer_norm.bias'),
    epsilon,
  );
  return linear(final, tensors('embed_out.weight'));
};
