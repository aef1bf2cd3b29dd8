import type { WeightSource } from '@tokenwright/core/engine';
import type { JsonObject } from '../sources/json.ts';
import { blockFormat, encodeBlocks } from './gguf-blocks.ts';
import { float32Value, type GgufTestFile, type GgufTestTensor, ggufBytes, list, uint32 } from './gguf-bytes.ts';

type Metadata = GgufTestFile['metadata'];

/** A tensor of the checkpoint on its way into the file. */
interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** How the converter of llama.cpp writes a family, as far as its tensors are not only renamed. */
interface Writer {
  readonly architecture: string;
  metadata(config: JsonObject): Metadata;
  /** Hugging Face's names by pattern; `#` is the layer. */
  readonly names: Readonly<Record<string, string>>;
  change?(tensor: Tensor, config: JsonObject): Tensor;
}

export interface GgufModelOptions {
  /** `model_type`, and what the family's metadata is made of. */
  readonly config: JsonObject;
  /** Under the names of Hugging Face's checkpoint. */
  readonly weights: WeightSource;
  /** Type of matrices. Rows that its blocks do not divide stay F16, vectors F32, as llama.cpp's quantizer has it. */
  readonly type?: string;
  /** Type of one tensor by its name in the file, where it is another. */
  readonly typeOf?: (name: string) => string | undefined;
  readonly metadata?: Metadata;
  /** Further tensors, such as factors of rotary positions. */
  readonly tensors?: readonly GgufTestTensor[];
  readonly version?: number;
}

/** A model as a GGUF file. */
export async function ggufModel(options: GgufModelOptions): Promise<Uint8Array> {
  const { config, weights, type = 'F32', typeOf = () => undefined, metadata = {}, tensors: further = [] } = options;
  const writer = writers[config.model_type as string]!;
  const tensors: GgufTestTensor[] = [];
  for (const name of weights.names()) {
    const published: Tensor = {
      name: nameIn(writer, name),
      shape: weights.shape(name)!,
      values: await weights.read(name),
    };
    const tensor = writer.change?.(published, config) ?? published;
    tensors.push(stored(tensor, typeOf(tensor.name) ?? type));
  }
  return ggufBytes({
    ...(options.version === undefined ? {} : { version: options.version }),
    metadata: {
      'general.architecture': writer.architecture,
      'general.name': 'a test',
      ...Object.fromEntries(
        Object.entries(writer.metadata(config)).map(([key, value]) => [`${writer.architecture}.${key}`, value]),
      ),
      ...metadata,
    },
    tensors: [...tensors, ...further],
  });
}

/** The type that a tensor gets when matrices are to have `type`. */
export function typeFor(shape: readonly number[], type: string): string {
  if (shape.length < 2) return 'F32';
  return shape.at(-1)! % blockFormat(type).values === 0 ? type : 'F16';
}

export function stored({ name, shape, values }: Tensor, type: string): GgufTestTensor {
  const written = typeFor(shape, type);
  return { name, shape, type: blockFormat(written).type, data: encodeBlocks(written, values) };
}

function nameIn(writer: Writer, name: string): string {
  const layer = /\.(\d+)\./.exec(name)?.[1];
  const pattern = layer === undefined ? name : name.replace(`.${layer}.`, '.#.');
  const kind = /\.(weight|bias)$/.exec(pattern)![0];
  const found = writer.names[pattern.slice(0, -kind.length)];
  if (found === undefined) throw new Error(`no name for ${name}`);
  return `${found.replace('#', layer ?? '')}${kind}`;
}

const gatedNames: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
  'model.layers.#.input_layernorm': 'blk.#.attn_norm',
  'model.layers.#.self_attn.q_proj': 'blk.#.attn_q',
  'model.layers.#.self_attn.k_proj': 'blk.#.attn_k',
  'model.layers.#.self_attn.v_proj': 'blk.#.attn_v',
  'model.layers.#.self_attn.qkv_proj': 'blk.#.attn_qkv',
  'model.layers.#.self_attn.o_proj': 'blk.#.attn_output',
  'model.layers.#.self_attn.q_norm': 'blk.#.attn_q_norm',
  'model.layers.#.self_attn.k_norm': 'blk.#.attn_k_norm',
  'model.layers.#.post_attention_layernorm': 'blk.#.ffn_norm',
  'model.layers.#.mlp.gate_proj': 'blk.#.ffn_gate',
  'model.layers.#.mlp.up_proj': 'blk.#.ffn_up',
  'model.layers.#.mlp.gate_up_proj': 'blk.#.ffn_up',
  'model.layers.#.mlp.down_proj': 'blk.#.ffn_down',
};

const gemmaNames: Readonly<Record<string, string>> = {
  ...gatedNames,
  'model.layers.#.post_attention_layernorm': 'blk.#.post_attention_norm',
  'model.layers.#.pre_feedforward_layernorm': 'blk.#.ffn_norm',
  'model.layers.#.post_feedforward_layernorm': 'blk.#.post_ffw_norm',
};

const count = (config: JsonObject, key: string): number => config[key] as number;

function gatedMetadata(config: JsonObject): Metadata {
  const headDim = (config.head_dim as number) ?? count(config, 'hidden_size') / count(config, 'num_attention_heads');
  return {
    context_length: uint32(count(config, 'max_position_embeddings')),
    embedding_length: uint32(count(config, 'hidden_size')),
    block_count: uint32(count(config, 'num_hidden_layers')),
    feed_forward_length: uint32(count(config, 'intermediate_size')),
    'attention.head_count': uint32(count(config, 'num_attention_heads')),
    'attention.head_count_kv': uint32(count(config, 'num_key_value_heads')),
    'attention.key_length': uint32(headDim),
    'attention.value_length': uint32(headDim),
    'attention.layer_norm_rms_epsilon': float32Value((config.rms_norm_eps as number) ?? 1e-6),
    'rope.dimension_count': uint32(headDim * ((config.partial_rotary_factor as number) ?? 1)),
    'rope.freq_base': float32Value((config.rope_theta as number) ?? 10000),
    ...scalingMetadata(config.rope_scaling as JsonObject | undefined),
    vocab_size: uint32(count(config, 'vocab_size')),
  };
}

function scalingMetadata(scaling: JsonObject | undefined): Metadata {
  const type = scaling?.rope_type ?? scaling?.type;
  if (type !== 'linear' && type !== 'yarn') return {};
  return {
    'rope.scaling.type': type,
    'rope.scaling.factor': float32Value(scaling!.factor as number),
    ...(type === 'yarn' && {
      'rope.scaling.original_context_length': uint32(scaling!.original_max_position_embeddings as number),
      'rope.scaling.yarn_beta_fast': float32Value((scaling!.beta_fast as number) ?? 32),
    }),
  };
}

/** [heads, 2, half, ...] -> [heads, half, 2, ...]: the rotated halves of a head become neighbors. */
function permuted({ name, shape, values }: Tensor, heads: number): Tensor {
  const rows = shape[0]!;
  const width = values.length / rows;
  const half = rows / heads / 2;
  const result = new Float32Array(values.length);
  for (let head = 0; head < heads; head++)
    for (let part = 0; part < 2; part++)
      for (let i = 0; i < half; i++) {
        const from = (head * 2 + part) * half + i;
        const to = (head * half + i) * 2 + part;
        result.set(values.subarray(from * width, (from + 1) * width), to * width);
      }
  return { name, shape, values: result };
}

function withOne(tensor: Tensor): Tensor {
  return tensor.name.endsWith('norm.weight') ? { ...tensor, values: tensor.values.map((value) => value + 1) } : tensor;
}

function turned({ name, shape, values }: Tensor): Tensor {
  const [rows, columns] = shape as [number, number];
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  return { name, shape: [columns, rows], values: result };
}

/** [heads, 3, size, ...] -> [3, heads, size, ...]. */
function partsApart({ name, shape, values }: Tensor, heads: number): Tensor {
  const rows = shape[0]!;
  const width = values.length / rows;
  const size = rows / heads / 3;
  const result = new Float32Array(values.length);
  for (let head = 0; head < heads; head++)
    for (let part = 0; part < 3; part++) {
      const block = size * width;
      result.set(
        values.subarray((head * 3 + part) * block, (head * 3 + part + 1) * block),
        (part * heads + head) * block,
      );
    }
  return { name, shape, values: result };
}

const gemmaMetadata = (config: JsonObject): Metadata => ({
  ...gatedMetadata(config),
  'attention.sliding_window': uint32(count(config, 'sliding_window')),
});

const writers: Readonly<Record<string, Writer>> = {
  llama: {
    architecture: 'llama',
    metadata: gatedMetadata,
    names: gatedNames,
    change(tensor, config) {
      if (/attn_q\./.test(tensor.name)) return permuted(tensor, count(config, 'num_attention_heads'));
      if (/attn_k\./.test(tensor.name)) return permuted(tensor, count(config, 'num_key_value_heads'));
      return tensor;
    },
  },
  qwen2: { architecture: 'qwen2', metadata: gatedMetadata, names: gatedNames },
  qwen3: { architecture: 'qwen3', metadata: gatedMetadata, names: gatedNames },
  phi3: {
    architecture: 'phi3',
    metadata: (config) => ({
      ...gatedMetadata(config),
      'rope.scaling.original_context_length': uint32(
        (config.original_max_position_embeddings as number) ?? count(config, 'max_position_embeddings'),
      ),
      ...(typeof config.sliding_window === 'number' && {
        'attention.sliding_window': uint32(config.sliding_window),
      }),
    }),
    names: gatedNames,
  },
  gemma2: {
    architecture: 'gemma2',
    metadata: (config) => ({
      ...gemmaMetadata(config),
      attn_logit_softcapping: float32Value(count(config, 'attn_logit_softcapping')),
      final_logit_softcapping: float32Value(count(config, 'final_logit_softcapping')),
    }),
    names: gemmaNames,
    change: withOne,
  },
  gemma3_text: {
    architecture: 'gemma3',
    metadata: (config) => ({
      ...gemmaMetadata(config),
      'rope.freq_base_swa': float32Value(count(config, 'rope_local_base_freq')),
      'attention.sliding_window_pattern': uint32(count(config, 'sliding_window_pattern')),
    }),
    names: gemmaNames,
    change: withOne,
  },
  gpt2: {
    architecture: 'gpt2',
    metadata: (config) => ({
      context_length: uint32(count(config, 'n_positions')),
      embedding_length: uint32(count(config, 'n_embd')),
      block_count: uint32(count(config, 'n_layer')),
      feed_forward_length: uint32((config.n_inner as number) ?? 4 * count(config, 'n_embd')),
      'attention.head_count': uint32(count(config, 'n_head')),
      'attention.layer_norm_epsilon': float32Value((config.layer_norm_epsilon as number) ?? 1e-5),
    }),
    names: {
      'transformer.wte': 'token_embd',
      'transformer.wpe': 'position_embd',
      'transformer.ln_f': 'output_norm',
      'transformer.h.#.ln_1': 'blk.#.attn_norm',
      'transformer.h.#.attn.c_attn': 'blk.#.attn_qkv',
      'transformer.h.#.attn.c_proj': 'blk.#.attn_output',
      'transformer.h.#.ln_2': 'blk.#.ffn_norm',
      'transformer.h.#.mlp.c_fc': 'blk.#.ffn_up',
      'transformer.h.#.mlp.c_proj': 'blk.#.ffn_down',
    },
    change: (tensor) => (/(attn_qkv|attn_output|ffn_up|ffn_down)\.weight$/.test(tensor.name) ? turned(tensor) : tensor),
  },
  gpt_neox: {
    architecture: 'gptneox',
    metadata: (config) => ({
      context_length: uint32(count(config, 'max_position_embeddings')),
      embedding_length: uint32(count(config, 'hidden_size')),
      block_count: uint32(count(config, 'num_hidden_layers')),
      feed_forward_length: uint32(count(config, 'intermediate_size')),
      'rope.dimension_count': uint32(
        count(config, 'rotary_pct') * (count(config, 'hidden_size') / count(config, 'num_attention_heads')),
      ),
      'attention.head_count': uint32(count(config, 'num_attention_heads')),
      'attention.layer_norm_epsilon': float32Value(1e-5),
      use_parallel_residual: (config.use_parallel_residual as boolean) ?? true,
    }),
    names: {
      'gpt_neox.embed_in': 'token_embd',
      'gpt_neox.final_layer_norm': 'output_norm',
      embed_out: 'output',
      'gpt_neox.layers.#.input_layernorm': 'blk.#.attn_norm',
      'gpt_neox.layers.#.attention.query_key_value': 'blk.#.attn_qkv',
      'gpt_neox.layers.#.attention.dense': 'blk.#.attn_output',
      'gpt_neox.layers.#.post_attention_layernorm': 'blk.#.ffn_norm',
      'gpt_neox.layers.#.mlp.dense_h_to_4h': 'blk.#.ffn_up',
      'gpt_neox.layers.#.mlp.dense_4h_to_h': 'blk.#.ffn_down',
    },
    change: (tensor, config) =>
      tensor.name.includes('attn_qkv') ? partsApart(tensor, count(config, 'num_attention_heads')) : tensor,
  },
  t5: {
    architecture: 't5',
    metadata: (config) => ({
      context_length: uint32(count(config, 'n_positions')),
      embedding_length: uint32(count(config, 'd_model')),
      feed_forward_length: uint32(count(config, 'd_ff')),
      block_count: uint32(count(config, 'num_layers')),
      decoder_block_count: uint32(count(config, 'num_decoder_layers')),
      'attention.head_count': uint32(count(config, 'num_heads')),
      'attention.key_length': uint32(count(config, 'd_kv')),
      'attention.value_length': uint32(count(config, 'd_kv')),
      'attention.layer_norm_epsilon': float32Value(1e-6),
      'attention.relative_buckets_count': uint32(count(config, 'relative_attention_num_buckets')),
      'attention.layer_norm_rms_epsilon': float32Value(1e-6),
      decoder_start_token_id: uint32(0),
    }),
    names: {
      shared: 'token_embd',
      lm_head: 'output',
      ...t5Side('encoder', 'enc', 1),
      ...t5Side('decoder', 'dec', 2),
      'decoder.block.#.layer.1.layer_norm': 'dec.blk.#.cross_attn_norm',
      'decoder.block.#.layer.1.EncDecAttention.q': 'dec.blk.#.cross_attn_q',
      'decoder.block.#.layer.1.EncDecAttention.k': 'dec.blk.#.cross_attn_k',
      'decoder.block.#.layer.1.EncDecAttention.v': 'dec.blk.#.cross_attn_v',
      'decoder.block.#.layer.1.EncDecAttention.o': 'dec.blk.#.cross_attn_o',
    },
  },
};

function t5Side(from: string, to: string, last: number): Record<string, string> {
  return {
    [`${from}.final_layer_norm`]: `${to}.output_norm`,
    [`${from}.block.#.layer.0.layer_norm`]: `${to}.blk.#.attn_norm`,
    [`${from}.block.#.layer.0.SelfAttention.q`]: `${to}.blk.#.attn_q`,
    [`${from}.block.#.layer.0.SelfAttention.k`]: `${to}.blk.#.attn_k`,
    [`${from}.block.#.layer.0.SelfAttention.v`]: `${to}.blk.#.attn_v`,
    [`${from}.block.#.layer.0.SelfAttention.o`]: `${to}.blk.#.attn_o`,
    [`${from}.block.#.layer.0.SelfAttention.relative_attention_bias`]: `${to}.blk.#.attn_rel_b`,
    [`${from}.block.#.layer.${last}.layer_norm`]: `${to}.blk.#.ffn_norm`,
    [`${from}.block.#.layer.${last}.DenseReluDense.wi`]: `${to}.blk.#.ffn_up`,
    [`${from}.block.#.layer.${last}.DenseReluDense.wi_0`]: `${to}.blk.#.ffn_gate`,
    [`${from}.block.#.layer.${last}.DenseReluDense.wi_1`]: `${to}.blk.#.ffn_up`,
    [`${from}.block.#.layer.${last}.DenseReluDense.wo`]: `${to}.blk.#.ffn_down`,
  };
}

/** A float32 list; for scores of tokens. */
export function floats(values: readonly number[]): ReturnType<typeof list> {
  return list(values.map(float32Value), 6);
}
