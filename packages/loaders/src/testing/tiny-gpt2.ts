import type { JsonObject } from '../sources/json.ts';
import { float32, type TestTensor } from './safetensors-bytes.ts';

/** A GPT-2 of one layer of width 2: 8 ids, 4 positions. */
export const tinyConfig: JsonObject = {
  model_type: 'gpt2',
  n_layer: 1,
  n_embd: 2,
  n_head: 1,
  n_positions: 4,
  vocab_size: 8,
  bos_token_id: 7,
  eos_token_id: 7,
};

/** A tokenizer of 8 tokens: the letters a to g, and the end token 7. */
export const tinyTokenizer: JsonObject = {
  model: { type: 'BPE', vocab: { a: 0, b: 1, c: 2, d: 3, e: 4, f: 5, g: 6 }, merges: [], unk_token: null },
  added_tokens: [{ id: 7, content: '<end>', special: true }],
};

/** Its tensors, with seeded values; each name after `prefix`. */
export function tinyTensors(prefix: string = ''): Record<string, TestTensor> {
  const shapes: Record<string, number[]> = {
    'wte.weight': [8, 2],
    'wpe.weight': [4, 2],
    'h.0.ln_1.weight': [2],
    'h.0.ln_1.bias': [2],
    'h.0.attn.c_attn.weight': [2, 6],
    'h.0.attn.c_attn.bias': [6],
    'h.0.attn.c_proj.weight': [2, 2],
    'h.0.attn.c_proj.bias': [2],
    'h.0.ln_2.weight': [2],
    'h.0.ln_2.bias': [2],
    'h.0.mlp.c_fc.weight': [2, 8],
    'h.0.mlp.c_fc.bias': [8],
    'h.0.mlp.c_proj.weight': [8, 2],
    'h.0.mlp.c_proj.bias': [2],
    'ln_f.weight': [2],
    'ln_f.bias': [2],
  };
  let seed = 1;
  const value = (): number => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647 - 0.5;
  };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return [prefix + name, float32(shape, ...Array.from({ length }, value))];
    }),
  );
}
