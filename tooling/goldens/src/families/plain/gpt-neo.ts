import { activate, add, attention, type Family, layerNorm, linear, numberOf, row, type Text } from './arithmetic.ts';

/** GPT-Neo: "local" layers see `window_size` positions, "global" ones all; scores are not divided by sqrt(size). */
export const gptNeo: Family = (config, tensors, ids) => {
  const width = numberOf(config, 'hidden_size');
  const heads = numberOf(config, 'num_heads');
  const epsilon = numberOf(config, 'layer_norm_epsilon', 1e-5);
  const types: string[] = [];
  for (const [pattern, count] of config.attention_types as [string[], number][])
    for (let i = 0; i < count; i++) types.push(...pattern);

  const tokens = tensors('transformer.wte.weight');
  const positions = tensors('transformer.wpe.weight');
  let x: Text = add(
    ids.map((id) => row(tokens, id, width)),
    ids.map((_, position) => row(positions, position, width)),
  );
  for (const [layer, type] of types.entries()) {
    const tensor = (part: string): Float64Array => tensors(`transformer.h.${layer}.${part}`);
    const dense = (input: Text, part: string): Text => linear(input, tensor(`${part}.weight`), tensor(`${part}.bias`));
    const normed = layerNorm(x, tensor('ln_1.weight'), tensor('ln_1.bias'), epsilon);
    const project = (part: string): Text => linear(normed, tensor(`attn.attention.${part}_proj.weight`));
    const mixed = attention(project('q'), project('k'), project('v'), {
      heads,
      kvHeads: heads,
      scale: 1,
      window: type === 'local' ? numberOf(config, 'window_size', 256) : undefined,
    });
    x = add(x, dense(mixed, 'attn.attention.out_proj'));
    const second = layerNorm(x, tensor('ln_2.weight'), tensor('ln_2.bias'), epsilon);
    const inner = activate(dense(second, 'mlp.c_fc'), String(config.activation_function ?? 'gelu_new'));
    x = add(x, dense(inner, 'mlp.c_proj'));
  }
  return linear(layerNorm(x, tensors('transformer.ln_f.weight'), tensors('transformer.ln_f.bias'), epsilon), tokens);
};
