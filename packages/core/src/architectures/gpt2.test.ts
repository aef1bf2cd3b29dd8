import { describe, expect, it } from 'vitest';
import { requestWeights } from '../engine/weight-requests.ts';
import { LoadError } from '../errors.ts';
import { seededWeights } from '../testing/seeded-weights.ts';
import { gpt2 } from './gpt2.ts';

const small = { vocab_size: 7, n_positions: 5, n_embd: 4, n_layer: 1, n_head: 2 };
const namesOf = (
  json: Readonly<Record<string, unknown>>,
  rename: (name: string) => string = (name) => name,
): string[] => {
  const config = gpt2.configure(json);
  const source = seededWeights(gpt2, config);
  const shapes = new Map(source.names().map((name) => [rename(name), source.shape(name)]));
  const { requests } = requestWeights(gpt2, config, { ...source, shape: (name) => shapes.get(name) });
  return requests.flatMap((request) => ('names' in request ? request.names : []));
};

describe('gpt2', () => {
  it('knows the published defaults', () => {
    expect(gpt2.configure({})).toEqual({
      vocabSize: 50257,
      contextLength: 1024,
      width: 768,
      layers: 12,
      heads: 12,
      intermediateSize: 3072,
      epsilon: 1e-5,
      activation: 'gelu-tanh',
      tied: true,
    });
    expect(gpt2.dimensions(gpt2.configure({}))).toMatchObject({ kvHeads: 12, headDim: 64, width: 768, layers: 12 });
  });

  it('reads its own sizes', () => {
    expect(
      gpt2.configure({ ...small, n_inner: 6, activation_function: 'relu', layer_norm_epsilon: 1e-6 }),
    ).toMatchObject({
      vocabSize: 7,
      contextLength: 5,
      intermediateSize: 6,
      activation: 'relu',
      epsilon: 1e-6,
    });
    expect(gpt2.configure({ ...small, n_inner: null }).intermediateSize).toBe(16);
  });

  it.each([
    ['scale_attn_weights', false],
    ['scale_attn_by_inverse_layer_idx', true],
    ['add_cross_attention', true],
    ['activation_function', 'tanh'],
    ['n_head', 5],
    ['n_layer', 0],
    ['n_positions', '1024'],
    ['tie_word_embeddings', 'yes'],
  ])('refuses %s: %j', (key, value) => {
    let error: unknown;
    try {
      gpt2.configure({ [key]: value });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(LoadError);
    expect(error).toMatchObject({ field: key });
  });

  it('asks for tensors by the names of either kind of checkpoint', () => {
    expect(namesOf(small)).toEqual([
      'wte.weight',
      'wpe.weight',
      ...['ln_1', 'attn.c_attn', 'attn.c_proj', 'ln_2', 'mlp.c_fc', 'mlp.c_proj'].flatMap((part) => [
        `h.0.${part}.weight`,
        `h.0.${part}.bias`,
      ]),
      'ln_f.weight',
      'ln_f.bias',
    ]);
    const prefixed = namesOf(small, (name) => `transformer.${name}`);
    expect(prefixed).toEqual(namesOf(small).map((name) => `transformer.${name}`));
  });

  it('asks for a head of its own where it is not tied', () => {
    expect(namesOf({ ...small, tie_word_embeddings: false }).at(-1)).toBe('lm_head.weight');
  });
});
