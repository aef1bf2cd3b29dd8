import { describe, expect, it } from 'vitest';
import type { Architecture } from '../engine/operations.ts';
import { requestWeights } from '../engine/weight-requests.ts';
import { LoadError } from '../errors.ts';
import { seededWeights } from '../testing/seeded-weights.ts';
import { gemma2 } from './gemma2.ts';
import { gemma3, gemma3Text } from './gemma3.ts';
import { gptNeo } from './gpt-neo.ts';
import { gptNeoX } from './gpt-neox.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';
import { mistral } from './mistral.ts';
import { opt } from './opt.ts';
import { phi3 } from './phi3.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';

const all: readonly Architecture[] = [
  gpt2,
  gptNeo,
  gptNeoX,
  opt,
  llama,
  mistral,
  qwen2,
  qwen3,
  phi3,
  gemma2,
  gemma3Text,
] as readonly Architecture[];

/** The key that an error names. */
function refused<C, P>(architecture: Architecture<C, P>, json: Readonly<Record<string, unknown>>): string | undefined {
  try {
    architecture.configure(json);
  } catch (error) {
    expect(error).toBeInstanceOf(LoadError);
    return (error as LoadError).field;
  }
  return undefined;
}

/** The names of the tensors that a model asks a checkpoint with these names for. */
function asked<C, P>(
  architecture: Architecture<C, P>,
  json: Readonly<Record<string, unknown>>,
  rename: string,
): string[] {
  const config = architecture.configure(json);
  const seeded = seededWeights(architecture, config);
  const source = { ...seeded, shape: (name: string) => seeded.shape(name) ?? seeded.shape(name.replace(rename, '')) };
  return requestWeights(architecture, config, source).requests.flatMap((request) =>
    'names' in request ? request.names : [],
  );
}

describe.each(all.map((architecture) => [architecture.name, architecture] as const))('%s', (_, architecture) => {
  it('refuses quantized weights, and activations that it does not know', () => {
    expect(refused(architecture, { quantization_config: { quant_method: 'gptq' } })).toBe('quantization_config');
    const key = ['activation_function', 'hidden_act', 'hidden_activation'].find(
      (name) => refused(architecture, { [name]: 'swoosh' }) !== undefined,
    );
    expect(key).toBeDefined();
    expect(() => architecture.configure({ [key!]: 'swoosh' })).toThrow(/must be one of gelu, .*, but is "swoosh"/);
  });

  it('has dimensions without any in the configuration', () => {
    const dimensions = architecture.dimensions(architecture.configure({}));
    for (const size of Object.values(dimensions)) expect(size).toBeGreaterThan(0);
  });
});

describe('llama', () => {
  it('knows the published defaults', () => {
    expect(llama.configure({})).toEqual({
      vocabSize: 32000,
      contextLength: 2048,
      width: 4096,
      layers: 32,
      heads: 32,
      kvHeads: 32,
      headDim: 128,
      intermediateSize: 11008,
      epsilon: 1e-6,
      activation: 'silu',
      rotaryBase: 10000,
      tied: false,
      attentionBias: false,
    });
  });

  it('has heads of any size, shared by any number that divides them', () => {
    expect(llama.configure({ head_dim: 30, num_key_value_heads: 1 })).toMatchObject({ headDim: 30, kvHeads: 1 });
    expect(refused(llama, { num_key_value_heads: 5 })).toBe('num_key_value_heads');
    expect(refused(llama, { hidden_size: 100 })).toBe('num_attention_heads');
    expect(refused(llama, { rope_interleaved: true })).toBe('rope_interleaved');
  });
});

describe('mistral', () => {
  it('sees a window unless the configuration says null', () => {
    expect(mistral.configure({ num_hidden_layers: 2 }).windows).toEqual([4096, 4096]);
    expect(mistral.configure({ num_hidden_layers: 2, sliding_window: 7 }).windows).toEqual([7, 7]);
    expect(mistral.configure({ sliding_window: null })).not.toHaveProperty('windows');
    expect(refused(mistral, { sliding_window: 0 })).toBe('sliding_window');
    expect(refused(mistral, { layer_types: ['full_attention'] })).toBe('layer_types');
  });

  it('shares keys among four heads unless the configuration says null', () => {
    expect(mistral.configure({}).kvHeads).toBe(8);
    expect(mistral.configure({ num_key_value_heads: null }).kvHeads).toBe(32);
  });
});

describe.each([
  ['qwen2', qwen2],
  ['qwen3', qwen3],
] as const)('%s', (_, qwen) => {
  it('sees a window only in later layers, and only when it is used', () => {
    const json = { num_hidden_layers: 3, sliding_window: 7, max_window_layers: 1 };
    expect(qwen.configure(json)).not.toHaveProperty('windows');
    expect(qwen.configure({ ...json, use_sliding_window: true }).windows).toEqual([undefined, 7, 7]);
    expect(qwen.configure({ ...json, use_sliding_window: true, max_window_layers: 0 }).windows).toEqual([7, 7, 7]);
    const types = ['sliding_attention', 'full_attention', 'sliding_attention'];
    expect(qwen.configure({ ...json, use_sliding_window: true, layer_types: types }).windows).toEqual([
      7,
      undefined,
      7,
    ]);
    expect(refused(qwen, { ...json, layer_types: types })).toBe('layer_types');
    expect(refused(qwen, { ...json, layer_types: types.slice(1) })).toBe('layer_types');
    expect(refused(qwen, { ...json, layer_types: ['full_attention', 'linear_attention', 'full_attention'] })).toBe(
      'layer_types',
    );
  });
});

it('qwen2 has biases, but not after attention; qwen3 has norms of its heads instead', () => {
  expect(qwen2.configure({})).toMatchObject({ attentionBias: true, outputBias: false, headDim: 128 });
  expect(qwen2.configure({})).not.toHaveProperty('headNorms');
  expect(qwen3.configure({})).toMatchObject({ attentionBias: false, headNorms: true, headDim: 128 });
  expect(refused(qwen2, { use_mrope: true })).toBe('use_mrope');
});

describe('phi3', () => {
  const longrope = { type: 'longrope', short_factor: new Array(48).fill(1), long_factor: new Array(48).fill(2) };

  it('runs LongRoPE up to the whole context', () => {
    const config = phi3.configure({ max_position_embeddings: 131072, rope_scaling: longrope });
    expect(config.contextLength).toBe(131072);
    const magnitude = Math.sqrt(1 + Math.log(32) / Math.log(4096));
    expect(config.rotaryScaling).toMatchObject({ original: 4096, short: { magnitude }, long: { magnitude } });
    const explicit = {
      max_position_embeddings: 131072,
      original_max_position_embeddings: 8192,
      rope_scaling: longrope,
    };
    expect(phi3.configure(explicit).rotaryScaling).toMatchObject({ original: 8192 });
  });

  it('turns a part of each head', () => {
    expect(phi3.configure({ partial_rotary_factor: 0.75 }).rotated).toBe(72);
    expect(phi3.configure({})).not.toHaveProperty('rotated');
  });

  it.each([
    ['attention_bias', true],
    ['mlp_bias', true],
    ['lm_head_bias', true],
    ['full_attn_mod', 2],
    ['interpolate_factor', 2],
  ])('refuses %s: %s', (key, value) => {
    expect(refused(phi3, { [key]: value })).toBe(key);
  });

  it('refuses other scalings', () => {
    expect(refused(phi3, { rope_scaling: { type: 'yarn', factor: 2 } })).toBe('rope_scaling.type');
    expect(refused(phi3, { rope_scaling: { type: 'linear', factor: 2 } })).toBe('rope_scaling.type');
  });
});

describe('gpt_neo', () => {
  it('alternates as attention_types says', () => {
    const windows = gptNeo.configure({}).windows;
    expect(windows.slice(0, 4)).toEqual([undefined, 256, undefined, 256]);
    expect(windows).toHaveLength(24);
    const pattern = [
      [['local'], 2],
      [['global', 'local'], 1],
    ];
    const json = { num_layers: 4, window_size: 3 };
    expect(gptNeo.configure({ ...json, attention_types: pattern }).windows).toEqual([3, 3, undefined, 3]);
  });

  it.each([
    ['too few layers', [[['global'], 2]]],
    ['an unknown kind', [[['global', 'spiral'], 2]]],
    ['no count', [[['global', 'local']]]],
    ['a count without end', [[['global'], 1e12]]],
    ['no lists', ['global']],
    ['a text', 'global'],
  ])('refuses %s', (_, types) => {
    expect(refused(gptNeo, { num_layers: 4, attention_types: types })).toBe('attention_types');
  });
});

describe('gpt_neox', () => {
  it('reads the base and the share of each head under either name', () => {
    expect(gptNeoX.configure({})).toMatchObject({ rotaryBase: 10000, rotated: 24, parallel: true, tied: false });
    expect(gptNeoX.configure({ rotary_pct: 0.5, rotary_emb_base: 7 })).toMatchObject({ rotaryBase: 7, rotated: 48 });
    const newer = { rope_parameters: { rope_type: 'default', rope_theta: 7, partial_rotary_factor: 0.5 } };
    expect(gptNeoX.configure(newer)).toMatchObject({ rotaryBase: 7, rotated: 48 });
    expect(gptNeoX.configure({ rotary_pct: 1 })).not.toHaveProperty('rotated');
    expect(refused(gptNeoX, { rotary_pct: 0.24 })).toBe('rotary_pct');
    expect(refused(gptNeoX, { rotary_pct: 2 })).toBe('rotary_pct');
  });
});

describe('opt', () => {
  it('knows the published defaults', () => {
    expect(opt.configure({})).toEqual({
      vocabSize: 50272,
      contextLength: 2048,
      width: 768,
      tokenWidth: 768,
      layers: 12,
      heads: 12,
      intermediateSize: 3072,
      activation: 'relu',
      tied: true,
      biased: true,
      normFirst: true,
      finalNorm: true,
    });
    expect(opt.configure({ do_layer_norm_before: false }).finalNorm).toBe(false);
    expect(opt.configure({ _remove_final_layer_norm: true }).finalNorm).toBe(false);
    expect(refused(opt, { layer_norm_elementwise_affine: false })).toBe('layer_norm_elementwise_affine');
  });

  it('finds the tensors with and without the prefix', () => {
    const json = { hidden_size: 8, num_attention_heads: 2, num_hidden_layers: 1, ffn_dim: 6, vocab_size: 9 };
    expect(asked(opt, json, 'none')[0]).toBe('decoder.embed_tokens.weight');
    expect(asked(opt, json, 'model.').every((name) => name.startsWith('model.decoder.'))).toBe(true);
  });
});

describe('gemma2', () => {
  it('knows the published defaults', () => {
    expect(gemma2.configure({ num_hidden_layers: 3 })).toEqual({
      vocabSize: 256000,
      contextLength: 8192,
      width: 2304,
      layers: 3,
      heads: 8,
      kvHeads: 4,
      headDim: 256,
      intermediateSize: 9216,
      epsilon: 1e-6,
      activation: 'gelu-tanh',
      tied: true,
      attentionBias: false,
      headNorms: false,
      scale: 1 / 16,
      attentionSoftcap: 50,
      finalSoftcap: 30,
      window: 4096,
      sliding: [true, false, true],
      rotary: { rotaryBase: 10000 },
      slidingRotary: { rotaryBase: 10000 },
    });
  });

  it('has no caps where the configuration says null', () => {
    const config = gemma2.configure({ attn_logit_softcapping: null, final_logit_softcapping: null });
    expect(config).not.toHaveProperty('attentionSoftcap');
    expect(config).not.toHaveProperty('finalSoftcap');
    expect(refused(gemma2, { attn_logit_softcapping: 0 })).toBe('attn_logit_softcapping');
    expect(refused(gemma2, { sliding_window: null })).toBe('sliding_window');
    expect(refused(gemma2, { query_pre_attn_scalar: 0 })).toBe('query_pre_attn_scalar');
    expect(refused(gemma2, { use_bidirectional_attention: true })).toBe('use_bidirectional_attention');
  });
});

describe('gemma3', () => {
  const sizes = {
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 4,
    intermediate_size: 6,
    vocab_size: 9,
    max_position_embeddings: 16,
  };

  it('has two rotary bases, in either spelling', () => {
    const older = { rope_theta: 50, rope_local_base_freq: 5, rope_scaling: { rope_type: 'linear', factor: 8 } };
    const newer = {
      rope_parameters: {
        full_attention: { rope_type: 'linear', factor: 8, rope_theta: 50 },
        sliding_attention: { rope_type: 'default', rope_theta: 5 },
      },
    };
    const wanted = {
      rotary: { rotaryBase: 50, rotaryScaling: { type: 'linear', factor: 8 } },
      slidingRotary: { rotaryBase: 5 },
    };
    expect(gemma3Text.configure(older)).toMatchObject(wanted);
    expect(gemma3Text.configure(newer)).toEqual(gemma3Text.configure(older));
    expect(gemma3Text.configure({})).toMatchObject({
      rotary: { rotaryBase: 1e6 },
      slidingRotary: { rotaryBase: 1e4 },
      contextLength: 131072,
    });
    expect(refused(gemma3Text, { rope_parameters: { ...newer.rope_parameters, factor: 2 } })).toBe(
      'rope_parameters.factor',
    );
    expect(refused(gemma3Text, { rope_parameters: { full_attention: { rope_type: 'spiral' } } })).toBe(
      'rope_parameters.full_attention.rope_type',
    );
  });

  it('slides in five of six layers', () => {
    const { sliding } = gemma3Text.configure({ num_hidden_layers: 7 });
    expect(sliding).toEqual([true, true, true, true, true, false, true]);
    const every2 = gemma3Text.configure({ num_hidden_layers: 3, _sliding_window_pattern: 2 });
    expect(every2.sliding).toEqual([true, false, true]);
    expect(refused(gemma3Text, { attn_logit_softcapping: 50 })).toBe('attn_logit_softcapping');
  });

  it('with images is read for its text side', () => {
    expect(gemma3.configure({ text_config: sizes })).toEqual(gemma3Text.configure(sizes));
    expect(refused(gemma3, {})).toBe('text_config');
    expect(refused(gemma3, { text_config: { ...sizes, hidden_size: 0 } })).toBe('text_config.hidden_size');
    expect(refused(gemma3, { text_config: { ...sizes, quantization_config: {} } })).toBe(
      'text_config.quantization_config',
    );
    expect(refused(gemma3, { tie_word_embeddings: false, text_config: { ...sizes, tie_word_embeddings: true } })).toBe(
      'text_config.tie_word_embeddings',
    );
  });

  it('is found under any of the names that its text side has had', () => {
    const config = gemma3.configure({ text_config: sizes });
    const seeded = seededWeights(gemma3, config);
    for (const prefix of ['model.language_model.', 'language_model.model.', 'language_model.']) {
      const source = {
        ...seeded,
        shape: (name: string) =>
          name.startsWith(prefix) ? seeded.shape(`model.language_model.${name.slice(prefix.length)}`) : undefined,
      };
      const { requests } = requestWeights(gemma3, config, source);
      const names = requests.flatMap((request) => ('names' in request ? request.names : []));
      expect(names.every((name) => name.startsWith(prefix))).toBe(true);
    }
  });
});
