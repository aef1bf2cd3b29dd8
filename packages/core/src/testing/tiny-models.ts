import { gpt2 } from '../architectures/gpt2.ts';
import { llama } from '../architectures/llama.ts';
import type { Architecture } from '../engine/operations.ts';

/** An architecture with a configuration small enough for every test. */
export interface TinyModel {
  readonly architecture: Architecture<unknown, unknown>;
  readonly config: unknown;
}

/** GPT-2 and Llama with sizes for the odd cases: grouped heads, an untied head, widths that 32 does not divide. */
export const tinyModels: readonly TinyModel[] = [
  tinyModel(gpt2, { vocab_size: 61, n_positions: 96, n_embd: 24, n_layer: 2, n_head: 3 }),
  tinyModel(llama, {
    vocab_size: 67,
    max_position_embeddings: 96,
    hidden_size: 40,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 12,
    intermediate_size: 56,
  }),
];

/** A configuration as config.json gives it. */
export function tinyModel<C, P>(architecture: Architecture<C, P>, json: Readonly<Record<string, unknown>>): TinyModel {
  return { architecture: architecture as Architecture<unknown, unknown>, config: architecture.configure(json) };
}
