import { activate, add, attention, type Family, layerNorm, linear, numberOf, row, type Text } from './arithmetic.ts';

/** OPT: positions are counted from 2; norms before the blocks with one at the end, or after them with none. */
export const opt: Family = (config, tensors, ids) => {
  const width = numberOf(config, 'hidden_size');
  const tokenWidth = numberOf(config, 'word_embed_proj_dim', width);
  const heads = numberOf(config, 'num_attention_heads');
  const before = config.do_layer_norm_before !== false;
  const decoder = (name: string): Float64Array => tensors(`model.decoder.${name}`);
  const norm = (input: Text, name: string): Text =>
    layerNorm(input, decoder(`${name}.weight`), decoder(`${name}.bias`), 1e-5);

  const tokens = decoder('embed_tokens.weight');
  const positions = decoder('embed_positions.weight');
  let x: Text = ids.map((id) => row(tokens, id, tokenWidth));
  if (tokenWidth !== width) x = linear(x, decoder('project_in.weight'));
  x = add(
    x,
    ids.map((_, position) => row(positions, position + 2, width)),
  );
  for (let layer = 0; layer < numberOf(config, 'num_hidden_layers'); layer++) {
    const name = `layers.${layer}`;
    const dense = (input: Text, part: string): Text =>
      linear(
        input,
        decoder(`${name}.${part}.weight`),
        config.enable_bias === false ? undefined : decoder(`${name}.${part}.bias`),
      );
    const input = before ? norm(x, `${name}.self_attn_layer_norm`) : x;
    const [q, k, v] = ['q', 'k', 'v'].map((part) => dense(input, `self_attn.${part}_proj`)) as [Text, Text, Text];
    const mixed = attention(q, k, v, { heads, kvHeads: heads, scale: 1 / Math.sqrt(width / heads) });
    x = add(x, dense(mixed, 'self_attn.out_proj'));
    if (!before) x = norm(x, `${name}.self_attn_layer_norm`);
    const second = before ? norm(x, `${name}.final_layer_norm`) : x;
    x = add(x, dense(activate(dense(second, 'fc1'), String(config.activation_function ?? 'relu')), 'fc2'));
    if (!before) x = norm(x, `${name}.final_layer_norm`);
  }
  if (before && config._remove_final_layer_norm !== true) x = norm(x, 'final_layer_norm');
  if (tokenWidth !== width) x = linear(x, decoder('project_out.weight'));
  return linear(x, tokens);
};
