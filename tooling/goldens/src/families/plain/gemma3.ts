import {
  activate,
  add,
  attention,
  type Family,
  headwise,
  type Json,
  linear,
  multiply,
  numberOf,
  onePlus,
  rmsNorm,
  row,
  type Tensors,
  type Text,
} from './arithmetic.ts';
import { plainRotation, rotate, scaledRotation } from './rotation.ts';

/** Gemma 3, text only: every `sliding_window_pattern`th layer sees all, with a base and a scaling of its own. */
export const gemma3Text: Family = (config, tensors, ids) => decode(config, tensors, ids, 'model.');

/** The text side of Gemma 3 with images, as its first checkpoints name it. */
export const gemma3: Family = (config, tensors, ids) =>
  decode(config.text_config as Json, tensors, ids, 'model.language_model.');

function decode(config: Json, tensors: Tensors, ids: readonly number[], prefix: string): Text {
  const width = numberOf(config, 'hidden_size');
  const heads = numberOf(config, 'num_attention_heads');
  const kvHeads = numberOf(config, 'num_key_value_heads', 4);
  const size = numberOf(config, 'head_dim', 256);
  const epsilon = numberOf(config, 'rms_norm_eps', 1e-6);
  const length = numberOf(config, 'max_position_embeddings');
  const byType = config.rope_parameters as Json | undefined;
  const full = (byType?.full_attention ?? config.rope_scaling ?? undefined) as Json | undefined;
  const local = byType?.sliding_attention as Json | undefined;
  const fullBase = numberOf({ ...config, ...full }, 'rope_theta', 1e6);
  const localBase = numberOf({ rope_theta: config.rope_local_base_freq, ...local }, 'rope_theta', 1e4);
  const types = config.layer_types as readonly string[] | undefined;

  const tokens = tensors(`${prefix}embed_tokens.weight`);
  let x: Text = ids.map((id) => row(tokens, id, width).map((value) => value * Math.sqrt(width)));
  for (let layer = 0; layer < numberOf(config, 'num_hidden_layers'); layer++) {
    const weight = (part: string): Float64Array => tensors(`${prefix}layers.${layer}.${part}.weight`);
    const norm = (input: Text, part: string): Text => rmsNorm(input, onePlus(weight(part)), epsilon);
    const everything =
      types === undefined
        ? (layer + 1) % numberOf(config, 'sliding_window_pattern', 6) === 0
        : types[layer] === 'full_attention';
    const rotation = everything ? scaledRotation(fullBase, size, full, length) : plainRotation(localBase, size);
    const normed = norm(x, 'input_layernorm');
    const turned = (part: string): Text => {
      const projected = linear(normed, weight(`self_attn.${part}_proj`));
      return rotate(
        headwise(projected, size, (head) => norm(head, `self_attn.${part}_norm`)),
        size,
        rotation,
      );
    };
    const mixed = attention(turned('q'), turned('k'), linear(normed, weight('self_attn.v_proj')), {
      heads,
      kvHeads,
      scale: numberOf(config, 'query_pre_attn_scalar', 256) ** -0.5,
      window: everything ? undefined : numberOf(config, 'sliding_window', 4096),
    });
    x = add(x, norm(linear(mixed, weight('self_attn.o_proj')), 'post_attention_layernorm'));
    const second = norm(x, 'pre_feedforward_layernorm');
    const gate = activate(linear(second, weight('mlp.gate_proj')), 'gelu_pytorch_tanh');
    const fed = linear(multiply(gate, linear(second, weight('mlp.up_proj'))), weight('mlp.down_proj'));
    x = add(x, norm(fed, 'post_feedforward_layernorm'));
  }
  const logits = linear(rmsNorm(x, onePlus(tensors(`${prefix}norm.weight`)), epsilon), tokens);
  const cap = config.final_logit_softcapping;
  if (typeof cap !== 'number') return logits;
  return logits.map((vector) => vector.map((value) => cap * Math.tanh(value / cap)));
}
