import type { ModelDefaults } from '@tokenwright/core';
import type { RotaryScaling } from '@tokenwright/core/architectures';
import type { Architecture, Dimensions } from '@tokenwright/core/engine';
import { checkBoolean, readOptions } from '@tokenwright/core/options';
import { checkSourceOptions } from './checkpoint/check-source-options.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint/checkpoint.ts';
import { architectureOf, hasEncoder } from './checkpoint/families.ts';
import type { ModelInput } from './checkpoint/model-input.ts';
import { storedHead } from './checkpoint/stored-head.ts';
import { checkUnused, usedNames } from './checkpoint/unused-tensors.ts';
import { readDefaults } from './generation-config.ts';
import type { HubOptions } from './hub/hub-options.ts';
import type { JsonObject } from './sources/json.ts';
import type { TokenizerFiles } from './tokenizer/open-tokenizer.ts';
import { createTokenizer } from './tokenizer/tokenizer.ts';
import type { StoredWeights } from './weights/stored-weights.ts';

/** Options of `inspectModel`. */
export interface InspectOptions {
  /** As of `load`. */
  readonly architectures?: readonly Architecture[];
  readonly file?: string;
  readonly hub?: HubOptions;
  /**
   * Read and check the tokenizer and the chat template too. With `false` the result has no `tokenizer`, and `chatTemplate` is false:
   * for a look at a model that is loaded next. Default true.
   */
  readonly tokenizer?: boolean;
}

/** What a model is, from its headers alone. Sizes are bytes as stored. */
export interface ModelInspection {
  readonly name: string;
  /** What its files are. */
  readonly kind: 'safetensors' | 'gguf';
  /** `model_type`. */
  readonly family: string;
  /** Models with an encoder are loaded by `loadSequenceToSequence`, the others by `load`. */
  readonly hasEncoder: boolean;
  readonly dimensions: Dimensions;
  /** What `configure` of the family made of the configuration: heads, activation, rotary positions … */
  readonly settings: JsonObject;
  /** Numbers of all tensors that are used; a shared table counts once. */
  readonly parameters: number;
  readonly bytes: number;
  /** Those that are used, by number format, largest first. */
  readonly formats: readonly FormatShare[];
  /** All tensors, in the order of the files. */
  readonly tensors: readonly InspectedTensor[];
  /** Keys and values of one position in all layers, in bytes as float32; as float16 half of it. */
  readonly cacheBytesPerToken: number;
  /** Of an encoder-decoder model: the one of its outputs. */
  readonly tokenizer: InspectedTokenizer | undefined;
  /** The tokenizer of sources. Undefined when `tokenizer` encodes them too. */
  readonly sourceTokenizer: InspectedTokenizer | undefined;
  readonly chatTemplate: boolean;
  /** What decoding takes from the model's files when a call says nothing else. */
  readonly defaults: ModelDefaults;
  /** What will be used, and why. */
  readonly choices: readonly Choice[];
}

/** The tensors of one number format, together. */
export interface FormatShare {
  /** 'F16', 'Q4_K' … */
  readonly format: string;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
}

/** A tensor of the checkpoint. */
export interface InspectedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly format: string;
  readonly bytes: number;
  /** False for a tensor that the family does not ask for. */
  readonly used: boolean;
}

/** The tokenizer of the checkpoint. */
export interface InspectedTokenizer {
  /** 'tokenizer.json', 'vocab.json', 'target.spm', 'source.spm', or GGUF's name: 'gpt2', 'llama', 't5'. */
  readonly kind: string;
  /** 'BPE', 'Unigram' … */
  readonly model: string;
  readonly vocabSize: number;
  readonly specialTokens: number;
  /** Why `load` needs another tokenizer. Absent when it does not. */
  readonly problem?: string;
}

/** A decision of the loaders, and its reason. */
export interface Choice {
  readonly part: string;
  readonly choice: string;
  readonly reason: string;
}

/**
 * Look at a model without reading its weights: headers, configuration and tokenizer, all checked as `load` checks them. (Of a GGUF
 * file with rotary factors, these few numbers are read.)
 *
 * @throws as `load`: LoadError, ShapeError for a tensor that does not fit the configuration.
 */
export async function inspectModel(source: ModelInput, given: InspectOptions = {}): Promise<ModelInspection> {
  const owner = 'inspectModel';
  const options = checkSourceOptions(owner, readOptions(owner, given, ['architectures', 'file', 'hub', 'tokenizer']));
  const withText = checkBoolean(owner, 'tokenizer', options.tokenizer ?? true);
  const checkpoint = await openCheckpoint(source, options.file, options.hub, withText);
  const { config, generationConfig, name, kind } = checkpoint;
  const architecture = architectureOf(config, options.architectures);
  const settings = architecture.configure(config);
  const dimensions = architecture.dimensions(settings);
  const weights = await checkpoint.weights();
  const names = usedNames(architecture, settings, weights);
  const head = storedHead(architecture, config, weights)?.head;
  checkUnused(kind, weights, names);
  const tensors = tensorsOf(weights, names);
  const used = tensors.filter((tensor) => tensor.used);
  return {
    name,
    kind,
    family: architecture.name,
    hasEncoder: hasEncoder(architecture),
    dimensions,
    settings: settings as JsonObject,
    parameters: used.reduce((sum, { shape }) => sum + count(shape), 0),
    bytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    formats: formatsOf(used),
    tensors,
    cacheBytesPerToken: 2 * 4 * dimensions.layers * dimensions.kvHeads * dimensions.headDim,
    tokenizer: checkpoint.tokenizer && tokenizerOf(checkpoint.tokenizer, name),
    sourceTokenizer: sourceTokenizerOf(checkpoint),
    chatTemplate: checkpoint.chatTemplate !== undefined,
    defaults: readDefaults(generationConfig, config, dimensions.vocabSize, checkpoint.eosTokenIds),
    choices: choicesOf(checkpoint, architecture, tensors, head, settings, dimensions).filter(
      ({ part }) => withText || !part.endsWith('tokenizer'),
    ),
  };
}

function tensorsOf(weights: StoredWeights, used: ReadonlySet<string>): InspectedTensor[] {
  return weights.names().map((name) => ({
    name,
    shape: weights.shape(name)!,
    format: weights.format(name)!,
    bytes: weights.bytes(name),
    used: used.has(name),
  }));
}

function formatsOf(tensors: readonly InspectedTensor[]): FormatShare[] {
  const shares = new Map<string, { format: string; tensors: number; parameters: number; bytes: number }>();
  for (const { format, shape, bytes } of tensors) {
    const share = shares.get(format) ?? { format, tensors: 0, parameters: 0, bytes: 0 };
    share.tensors += 1;
    share.parameters += count(shape);
    share.bytes += bytes;
    shares.set(format, share);
  }
  return [...shares.values()].sort((a, b) => b.bytes - a.bytes);
}

function sourceTokenizerOf({ tokenizer }: Checkpoint): InspectedTokenizer | undefined {
  const source = tokenizer?.source;
  return source && tokenizerOf({ ...source, config: tokenizer.config }, source.kind);
}

/** @param name names the files in errors. */
function tokenizerOf(tokenizer: TokenizerFiles, name: string): InspectedTokenizer {
  const { vocabSize, specialIds } = createTokenizer(tokenizer.json, tokenizer.config, name);
  const model = (tokenizer.json.model as JsonObject).type;
  return {
    kind: tokenizer.kind,
    model: typeof model === 'string' ? model : 'BPE',
    vocabSize,
    specialTokens: specialIds.length,
    ...(tokenizer.problem === undefined ? {} : { problem: tokenizer.problem.message }),
  };
}

function choicesOf(
  { kind, name, tokenizer, config, leftOut }: Checkpoint,
  architecture: Architecture,
  tensors: readonly InspectedTensor[],
  head: string | undefined,
  settings: unknown,
  { contextLength }: Dimensions,
): Choice[] {
  const unused = [
    ...tensors.flatMap(({ name: tensor, used }) => (used || tensor === head ? [] : [tensor])),
    ...leftOut,
  ];
  const choices: Choice[] = [
    {
      part: 'family',
      choice: architecture.name,
      reason: kind === 'gguf' ? 'general.architecture of the file' : 'model_type in config.json',
    },
    {
      part: 'loaded by',
      choice: hasEncoder(architecture) ? 'loadSequenceToSequence' : 'load',
      reason: hasEncoder(architecture) ? 'the family has an encoder' : 'the family has no encoder',
    },
    {
      part: 'weights',
      choice: name,
      reason:
        kind === 'gguf'
          ? 'a GGUF file; each tensor becomes float32 as it is read, and then what the engine holds'
          : 'a folder with safetensors; each tensor becomes float32 as it is read, and then what the engine holds',
    },
    tokenizer === undefined
      ? { part: 'tokenizer', choice: 'none', reason: 'there are no tokenizer files; the model takes and gives ids' }
      : {
          part: 'tokenizer',
          choice: tokenizer.kind,
          reason: kind === 'gguf' ? 'tokenizer.ggml.model of the file' : 'the first that is there',
        },
  ];
  if (tokenizer?.source !== undefined)
    choices.push({
      part: 'source tokenizer',
      choice: tokenizer.source.kind,
      reason: 'sources are encoded in another way than outputs',
    });
  const scaling = (settings as { readonly rotaryScaling?: RotaryScaling }).rotaryScaling;
  if (scaling?.type === 'longrope' && contextLength > scaling.original)
    choices.push({
      part: 'context',
      choice: `${contextLength} positions, with the long factors of LongRoPE`,
      reason: `texts of up to ${scaling.original} positions may be better with the short factors: contextLength: ${scaling.original}`,
    });
  if (unused.length > 0)
    choices.push({
      part: 'left out',
      choice: unused.length === 1 ? '1 tensor' : `${unused.length} tensors`,
      reason: `the family does not ask for ${unused.slice(0, 3).join(', ')}${unused.length > 3 ? ' …' : ''}`,
    });
  if (config.tie_word_embeddings === true)
    choices.push({
      part: 'head',
      choice: head === undefined ? 'the token table' : `the token table, or ${head} where it differs`,
      reason: head === undefined ? 'tie_word_embeddings' : 'tie_word_embeddings, and the head that is stored',
    });
  return choices;
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
