import { LoadError, ParameterError } from '@tokenwright/core';
import {
  type Architecture,
  type MatrixRequest,
  requestWeights,
  SecondRounding,
  type WeightRequest,
  type WeightSource,
} from '@tokenwright/core/engine';
import { readOptions } from '@tokenwright/core/options';
import { checkSourceOptions } from '../checkpoint/check-source-options.ts';
import { type Checkpoint, openCheckpoint } from '../checkpoint/checkpoint.ts';
import { architectureOf, hasEncoder } from '../checkpoint/families.ts';
import type { ModelInput } from '../checkpoint/model-input.ts';
import { resolvedHead } from '../checkpoint/stored-head.ts';
import { checkTokenTables } from '../checkpoint/token-tables.ts';
import { checkUnused, usedNames } from '../checkpoint/unused-tensors.ts';
import type { HubOptions } from '../hub/hub-options.ts';
import { type QuantizedEntry, quantizedKey } from '../quantization/open-quantized.ts';
import { outsideOf, type QuantizedFormat } from '../quantization/quantized-format.ts';
import { quantizedFormats } from '../quantization/quantized-formats.ts';
import { formatJson, type JsonObject } from '../sources/json.ts';
import { sourceTokenizerFile, sourceTokenizerKey } from '../tokenizer/open-tokenizer.ts';
import type { StoredWeights } from '../weights/stored-weights.ts';
import { transposed } from '../weights/transpose.ts';
import { plainFormats } from './plain-formats.ts';
import { positionTables } from './position-tables.ts';
import type { ModelSink } from './sink.ts';
import { type PlannedPart, saveSafetensors, saveText } from './write-safetensors.ts';

/** How matrices are written. Norms, biases and tables of positions are written as F32 always. */
export type ConversionFormat = 'f32' | 'f16' | 'bf16' | '8-bit' | '8-bit-blocks' | '4-bit-blocks';

/** All formats that `convertModel` writes. */
export const conversionFormats: readonly ConversionFormat[] = [
  ...plainFormats.keys(),
  ...quantizedFormats.keys(),
] as ConversionFormat[];

/** Options of `convertModel`. */
export interface ConvertOptions {
  readonly format: ConversionFormat;
  /** As of `load`. */
  readonly architectures?: readonly Architecture[];
  readonly file?: string;
  readonly hub?: HubOptions;
  /**
   * Called with one sentence when matrices that are quantized already are rounded a second time: from which format to which, and how
   * to avoid it. Default: none.
   */
  readonly onNotice?: (message: string) => void;
  /** Called as tensors are written; both numbers are bytes of the source as stored. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The result of `convertModel`. */
export interface ConversionReport {
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** Bytes of the weights, before and after. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Tensors of the source that the family does not ask for, which were not written. */
  readonly leftOut: readonly string[];
}

/**
 * Write a model as a folder that `load` reads: config.json, generation_config.json, tokenizer.json, tokenizer_config.json and
 * model.safetensors. What comes in may be a GGUF file or a folder, quantized or not; tensors are read and written one at a time.
 *
 * With 'f32', 'f16' and 'bf16' the result is a checkpoint that other software reads, too. The other formats are our own: a matrix
 * `w` becomes `w.packed` and `w.scales`, described in the file's metadata (see the README).
 *
 * @throws as `load`; ParameterError for a format that does not exist; LoadError for a number that the format cannot hold, by its
 * tensor; what the sink throws. Nothing is left of a file that did not
 * become whole.
 */
export async function convertModel(
  source: ModelInput,
  sink: ModelSink,
  given: ConvertOptions,
): Promise<ConversionReport> {
  const options = readOptions('convertModel', given, [
    'format',
    'architectures',
    'file',
    'hub',
    'onNotice',
    'onProgress',
    'signal',
  ]);
  checkSourceOptions('convertModel', options);
  const { format, onNotice, onProgress, signal } = options;
  if (!conversionFormats.includes(format))
    throw new ParameterError('convertModel', 'format', `one of ${conversionFormats.join(', ')}`, format);
  signal?.throwIfAborted();
  const checkpoint = await openCheckpoint(source, options.file, options.hub);
  if (checkpoint.tokenizer?.problem !== undefined) throw checkpoint.tokenizer.problem;
  const weights = await checkpoint.weights();
  const architecture = architectureOf(checkpoint.config, options.architectures);
  // The head that is written is the one that the model has.
  const config = await resolvedHead(architecture, checkpoint.config, weights, signal);
  const plan = planOf(architecture, config, checkpoint.kind, weights, format);
  const used = usedNames(architecture, architecture.configure(config), weights);
  if (hasEncoder(architecture)) await checkTokenTables(weights, used, signal);

  const bytesBefore = plan.tensors.reduce((sum, { name }) => sum + weights.bytes(name), 0);
  let done = 0;
  const reporting = plan.tensors.map(
    (tensor): PlannedPart => ({
      tensors: tensor.part.tensors,
      async make() {
        signal?.throwIfAborted();
        const made = await tensor.part.make();
        done += weights.bytes(tensor.name);
        return made;
      },
    }),
  );
  // The weights first: what fails, fails there, and a folder without them has nothing else either.
  const name = 'model.safetensors';
  const bytes = await saveSafetensors(sink, name, reporting, plan.metadata, () => onProgress?.(done, bytesBefore));
  const notice = plan.rounding.notice("format 'f32', which keeps the file's numbers");
  if (notice !== undefined) onNotice?.(notice);
  const files: { name: string; bytes: number }[] = [{ name, bytes }];
  for (const [small, content] of smallFiles({ ...checkpoint, config }))
    files.push({ name: small, bytes: await saveText(sink, small, `${formatJson(content)}\n`) });
  return { files, bytesBefore, bytesAfter: bytes, leftOut: plan.leftOut };
}

/** The small files of the folder; tokenizer and chat templates are written as one file each, whatever they were. */
function smallFiles({ config, generationConfig, tokenizer, chatTemplate }: Checkpoint): [string, object][] {
  const tokenizerConfig = {
    ...tokenizer?.config,
    ...(tokenizer?.source !== undefined && { [sourceTokenizerKey]: true }),
    ...(chatTemplate !== undefined && { chat_template: asInConfig(chatTemplate.sources) }),
  };
  const files: [string, object][] = [
    ['config.json', config],
    ['generation_config.json', generationConfig],
    ['tokenizer.json', tokenizer?.json ?? {}],
    [sourceTokenizerFile, tokenizer?.source?.json ?? {}],
    ['tokenizer_config.json', tokenizerConfig],
  ];
  return files.filter(([name, content]) => name === 'config.json' || Object.keys(content).length > 0);
}

/** One template is written as a string, several as a list with names. */
function asInConfig(templates: Readonly<Record<string, string>>): string | readonly JsonObject[] {
  const entries = Object.entries(templates);
  if (entries.length === 1 && entries[0]![0] === 'default') return entries[0]![1];
  return entries.map(([name, template]) => ({ name, template }));
}

interface Plan {
  readonly tensors: readonly { readonly name: string; readonly part: PlannedPart }[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly leftOut: readonly string[];
  readonly rounding: SecondRounding;
}

function planOf(
  architecture: Architecture,
  config: JsonObject,
  kind: Checkpoint['kind'],
  weights: StoredWeights,
  format: ConversionFormat,
): Plan {
  const settings = architecture.configure(config);
  checkUnused(kind, weights, usedNames(architecture, settings, weights));
  const { weights: handles, requests } = requestWeights(architecture, settings, weights);
  const tables = positionTables(architecture, handles, settings);
  const requestOf = new Map<string, WeightRequest>();
  for (const request of requests)
    if (request.kind !== 'table') for (const name of request.names) requestOf.set(name, request);

  const isMatrix = (name: string, request: WeightRequest): request is MatrixRequest =>
    request.kind === 'matrix' && !tables.has(request.weight) && weights.shape(name)!.length === 2;
  const matrices = [...requestOf].flatMap(([name, request]) =>
    isMatrix(name, request) ? [{ ...request, names: [name] }] : [],
  );
  const rounding = new SecondRounding(weights, matrices, format);
  const described: Record<string, QuantizedEntry> = {};
  const tensors = [...requestOf].map(([name, request]) => {
    const shape = weights.shape(name)!;
    const packs = isMatrix(name, request);
    const quantized = packs ? quantizedFormats.get(format) : undefined;
    if (quantized === undefined) return { name, part: plainPart(weights, name, packs ? format : 'f32') };
    const entry: QuantizedEntry = {
      format: quantized.name,
      shape: [shape[0]!, shape[1]!],
      ...((request as MatrixRequest).shape.layout === 'input-output' && { transposed: true }),
    };
    described[name] = entry;
    return { name, part: quantizedPart(rounding.source, name, quantized, entry) };
  });
  const metadata: Record<string, string> = { format: 'pt' };
  if (Object.keys(described).length > 0) metadata[quantizedKey] = JSON.stringify(described);
  return { tensors, metadata, leftOut: weights.names().filter((name) => !requestOf.has(name)), rounding };
}

function plainPart(weights: StoredWeights, name: string, format: string): PlannedPart {
  const { dtype, bytes, largest, encode } = plainFormats.get(format)!;
  const shape = weights.shape(name)!;
  return {
    tensors: [{ name, dtype, shape, bytes: shape.reduce((product, size) => product * size, bytes) }],
    make: async () => [encode(await readWithin(weights, name, format, largest))],
  };
}

function quantizedPart(
  weights: WeightSource,
  name: string,
  format: QuantizedFormat,
  { shape, transposed: turned = false }: QuantizedEntry,
): PlannedPart {
  const [rows, columns] = turned ? [shape[1], shape[0]] : shape;
  const planned = (part: 'packed' | 'scales') => {
    const { dtype, shape: shapeOf } = format[part];
    const size = shapeOf(rows, columns);
    const width = { I8: 1, U8: 1, F16: 2, F32: 4 }[dtype];
    return { name: `${name}.${part}`, dtype, shape: size, bytes: size.reduce((product, n) => product * n, width) };
  };
  return {
    tensors: [planned('packed'), planned('scales')],
    async make() {
      const values = await readWithin(weights, name, format.name, format.largest);
      const { packed, scales } = format.encode(turned ? transposed(values, columns, rows) : values, columns);
      return [packed, scales];
    },
  };
}

/** The values of a tensor, all of which the format must be able to hold: infinities would come of those that it cannot. */
async function readWithin(
  weights: WeightSource,
  name: string,
  format: string,
  largest: number | undefined,
): Promise<Float32Array> {
  const values = await weights.read(name);
  if (largest === undefined) return values;
  const outside = outsideOf(values, largest);
  if (outside !== undefined)
    throw new LoadError(weights.name, `holds ${outside}; ${format} holds numbers up to ${largest}`, name);
  return values;
}
