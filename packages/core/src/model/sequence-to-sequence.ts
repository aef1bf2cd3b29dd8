import { checkInteger } from '../check/check.ts';
import { isBatch } from '../check/lists.ts';
import { checkOptionNames } from '../check/read-options.ts';
import type { Engine, EngineMatrix, Executable, Frame, WeightSource } from '../engine/engine.ts';
import { Hash } from '../engine/fingerprint.ts';
import type { EncoderDecoderArchitecture } from '../engine/operations.ts';
import { ContextLengthError, DisposedError, ParameterError, ShapeError, UnsupportedError } from '../errors.ts';
import type { LanguageModel, ModelDefaults } from './language-model.ts';
import { type CreateModelOptions, ExecutableModel, type ModelDescription, prepareModel } from './model.ts';

/** Sources as token ids: one source, or a batch of any lengths. */
export interface SourceTokens {
  readonly ids: ArrayLike<number> | readonly ArrayLike<number>[];
  /**
   * In the shape of `ids`: 0 for padding, which nothing attends to, and 1 for other tokens, which keep their positions. Default: all 1.
   */
  readonly mask?: ArrayLike<number> | readonly ArrayLike<number>[];
}

/** Sources that were encoded earlier, by `encoderOutput` or elsewhere. */
export interface EncodedSources {
  /** The encoder's last hidden states: [tokens, width] of one source, or one such matrix per source. Copied. */
  readonly encoderOutput: Float32Array | readonly Float32Array[];
  /** The ids of the sources, for samplers that read them. Default: samplers see an empty source. */
  readonly ids?: SourceTokens['ids'];
  /** One number per token, as in `SourceTokens`. */
  readonly mask?: SourceTokens['mask'];
}

/**
 * An encoder-decoder model. `encode` binds it to sources and returns a language model, to which every sampler and strategy applies.
 *
 * ```ts
 * const translator = await createSequenceToSequence(engine, bart, config, weights);
 * const model = await translator.encode({ ids: source });
 * for await (const event of generate(model, [])) …
 * model.dispose();
 * ```
 */
export interface SequenceToSequence extends Disposable {
  /** For messages and reports. */
  readonly name: string;
  /** Number of tokens in the vocabulary of outputs. */
  readonly vocabSize: number;
  /** Number of tokens in the vocabulary of sources. */
  readonly sourceVocabSize: number;
  /** True when sources and outputs have different vocabularies, so that the same id is another token there. */
  readonly separateVocabularies: boolean;
  /** Maximum number of tokens in one output. */
  readonly contextLength: number;
  /** Maximum number of tokens in one source. */
  readonly sourceLength: number;
  /** Number of columns of the encoder's output. */
  readonly width: number;
  /** Options of the checkpoint. Every output starts with `decoderStartTokenIds`. */
  readonly defaults: ModelDefaults;

  /** Run only the encoder: [tokens, width] per source, for the tokens that are not masked. */
  encoderOutput(sources: SourceTokens): Promise<Float32Array[]>;
  /**
   * A language model of what follows from the sources. The encoder runs once, and keys and values for the sources are
   * computed once, whatever number of caches and rows use them. Row i of a fresh cache reads source i, and a single source
   * is read by any number of rows; give `generate` an empty prompt for each row, to begin with the start tokens. Dispose
   * the model when the sources are done with; the weights stay.
   *
   * @throws ContextLengthError for a source that is too long, ParameterError for an id that the source vocabulary lacks or a source
   * without tokens, ShapeError for a mask or encoder output of another size.
   */
  encode(sources: SourceTokens | EncodedSources): Promise<LanguageModel>;
  /** Release the weights, and every model that `encode` returned with its caches. A second call does nothing. */
  dispose(): void;
  /** The same as `dispose`, for `using` and `await using`. */
  [Symbol.dispose](): void;
}

/**
 * An encoder-decoder architecture with its weights on an engine.
 *
 * @throws LoadError, ShapeError when the checkpoint does not fit the configuration; MemoryLimitError when it does not fit
 * the engine; UnsupportedError when the engine runs no encoders. Nothing stays allocated then. ParameterError for an
 * architecture without an encoder.
 */
export async function createSequenceToSequence<C, P>(
  engine: Engine,
  architecture: EncoderDecoderArchitecture<C, P>,
  config: C,
  weights: WeightSource,
  options: CreateModelOptions = {},
): Promise<SequenceToSequence> {
  const owner = 'createSequenceToSequence';
  if (!('encode' in architecture))
    throw new ParameterError(
      owner,
      'architecture',
      'one with an encoder (createModel takes decoder-only models)',
      (architecture as { readonly name: string }).name,
    );
  const { executable, description } = await prepareModel(owner, engine, architecture, config, weights, options);
  if (executable.encode === undefined || executable.encodeKeyValues === undefined) {
    executable.dispose();
    throw new UnsupportedError('encoder-decoder models', engine.name);
  }
  return new ExecutableSequenceToSequence(executable, description, {
    length: architecture.sourceLength(config),
    vocabSize: architecture.sourceVocabSize?.(config),
  });
}

/** A source as it is fed: the tokens that are not masked, with their positions. */
interface Source {
  /** [tokens]; empty when only the encoder's output is known. */
  readonly ids: readonly number[];
  /** [tokens]. */
  readonly positions: readonly number[];
}

class ExecutableSequenceToSequence implements SequenceToSequence {
  readonly name: string;
  readonly vocabSize: number;
  readonly sourceVocabSize: number;
  readonly separateVocabularies: boolean;
  readonly contextLength: number;
  readonly sourceLength: number;
  readonly width: number;
  readonly defaults: ModelDefaults;
  readonly #executable: Executable;
  readonly #description: ModelDescription;
  readonly #models: Set<BoundModel> = new Set();
  #disposed = false;

  /** @param sources `vocabSize` is undefined when sources and outputs share a vocabulary. */
  constructor(
    executable: Executable,
    description: ModelDescription,
    sources: { readonly length: number; readonly vocabSize: number | undefined },
  ) {
    this.name = description.name;
    this.vocabSize = description.dimensions.vocabSize;
    this.sourceVocabSize = sources.vocabSize ?? this.vocabSize;
    this.separateVocabularies = sources.vocabSize !== undefined;
    this.contextLength = description.dimensions.contextLength;
    // A source attends to all of itself, so it must fit in one frame.
    this.sourceLength = Math.min(sources.length, executable.maxTokens);
    this.width = description.dimensions.width;
    this.defaults = description.defaults;
    this.#executable = executable;
    this.#description = description;
  }

  async encoderOutput(given: SourceTokens): Promise<Float32Array[]> {
    checkOptionNames('encoderOutput', given, ['ids', 'mask']);
    this.#check();
    return this.#encodeGroups(this.#groups(this.#sources('encoderOutput', given)));
  }

  async encode(given: SourceTokens | EncodedSources): Promise<LanguageModel> {
    checkOptionNames('encode', given, ['ids', 'encoderOutput', 'mask']);
    this.#check();
    if (isEncoded(given)) {
      const { sources, output } = this.#encodedSources(given);
      return this.#bind(sources, output, output);
    }
    const sources = this.#sources('encode', given);
    const groups = this.#groups(sources);
    if (groups.length > 1) return this.#bind(sources, joined(await this.#encodeGroups(groups)));
    const encoded = this.#executable.encode!(frameOf(sources));
    try {
      return this.#bind(sources, encoded);
    } finally {
      encoded.dispose();
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const model of this.#models) model.dispose();
    this.#executable.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #check(): void {
    if (this.#disposed) throw new DisposedError(`The model '${this.name}'`);
  }

  /** @param given the encoder's output when it came from outside, for the fingerprint. */
  #bind(sources: readonly Source[], encoded: EngineMatrix | Float32Array, given?: Float32Array): LanguageModel {
    this.#check();
    const memory = this.#executable.encodeKeyValues!(encoded, frameOf(sources));
    const fingerprint = fingerprintOf(this.#description.fingerprint, sources, given);
    const bound = { memory, ids: sources.map(({ ids }) => ids), separateVocabularies: this.separateVocabularies };
    return new BoundModel(this.#executable, { ...this.#description, fingerprint, sources: bound }, this.#models);
  }

  async #encodeGroups(groups: readonly (readonly Source[])[]): Promise<Float32Array[]> {
    const outputs: Float32Array[] = [];
    for (const sources of groups) {
      this.#check();
      const encoded = this.#executable.encode!(frameOf(sources));
      try {
        const values = await encoded.read();
        let at = 0;
        for (const { positions } of sources) {
          const end = at + positions.length * this.width;
          outputs.push(values.slice(at, end));
          at = end;
        }
      } finally {
        encoded.dispose();
      }
    }
    return outputs;
  }

  /** Split the sources into groups that fit in one frame each. */
  #groups(sources: readonly Source[]): Source[][] {
    const groups: Source[][] = [];
    let room = 0;
    for (const source of sources) {
      if (source.positions.length > room) {
        groups.push([]);
        room = this.#executable.maxTokens;
      }
      groups.at(-1)!.push(source);
      room -= source.positions.length;
    }
    return groups;
  }

  #sources(owner: string, { ids, mask }: SourceTokens): Source[] {
    if (ids === undefined) throw new ParameterError(owner, 'ids', 'the token ids of one source or of several', ids);
    const rows = asRows(ids);
    const masks = asMasks(mask, rows.length);
    return rows.map((row, i) => {
      const name = `ids[${i}]`;
      const positions = kept(owner, row.length, masks?.[i], i);
      if (positions.length === 0) throw new ParameterError(owner, name, 'a source with at least one token', row);
      const length = positions.at(-1)! + 1;
      if (length > this.sourceLength) throw new ContextLengthError(this.sourceLength, length, `Source ${i}`);
      const tokens = positions.map((at) => this.#checkId(owner, `${name}[${at}]`, row[at]));
      return { ids: tokens, positions };
    });
  }

  #checkId(owner: string, name: string, id: unknown): number {
    const last = this.sourceVocabSize - 1;
    if (!this.separateVocabularies) return checkInteger(owner, name, id, 0, last);
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= last) return id;
    throw new ParameterError(owner, name, `an id of the source vocabulary, from 0 to ${last}`, id);
  }

  #encodedSources({ encoderOutput, ids, mask }: EncodedSources): { sources: Source[]; output: Float32Array } {
    const owner = 'encode';
    const outputs = encoderOutput instanceof Float32Array ? [encoderOutput] : encoderOutput;
    const rows = ids === undefined ? undefined : asRows(ids);
    if (rows !== undefined && rows.length !== outputs.length)
      throw new ShapeError('Sources of the ids', [outputs.length], [rows.length]);
    const masks = asMasks(mask, outputs.length);
    const parts: Float32Array[] = [];
    const sources = outputs.map((output, i) => {
      const length = Math.floor(output.length / this.width);
      if (output.length !== length * this.width)
        throw new ShapeError(`encoderOutput[${i}]`, [length, this.width], [output.length]);
      const row = rows?.[i];
      if (row !== undefined && row.length !== length) throw new ShapeError(`ids[${i}]`, [length], [row.length]);
      const positions = kept(owner, length, masks?.[i], i);
      if (positions.length === 0)
        throw new ParameterError(owner, `encoderOutput[${i}]`, 'a source with at least one token', output);
      for (const at of positions) parts.push(output.subarray(at * this.width, (at + 1) * this.width));
      const tokens = row && positions.map((at) => this.#checkId(owner, `ids[${i}][${at}]`, row[at]));
      return { ids: tokens ?? [], positions };
    });
    if (sources.length === 0) throw new ParameterError(owner, 'encoderOutput', 'at least one source', encoderOutput);
    return { sources, output: joined(parts) };
  }
}

/** A decoder bound to sources. It owns the sources' keys and values, not the weights. */
class BoundModel extends ExecutableModel {
  readonly #siblings: Set<BoundModel>;

  constructor(executable: Executable, description: ModelDescription, siblings: Set<BoundModel>) {
    super(executable, description);
    this.#siblings = siblings;
    siblings.add(this);
  }

  override dispose(): void {
    super.dispose();
    this.#siblings.delete(this);
  }
}

function isEncoded(given: SourceTokens | EncodedSources): given is EncodedSources {
  return (given as Partial<EncodedSources>).encoderOutput !== undefined;
}

/** A frame of all tokens of all sources, in order. Nothing is scored. */
function frameOf(sources: readonly Source[]): Frame {
  const count = sources.reduce((sum, { positions }) => sum + positions.length, 0);
  const frame = {
    ids: new Int32Array(count),
    rows: new Int32Array(count),
    positions: new Int32Array(count),
    slots: new Int32Array(count),
    scored: new Int32Array(0),
  };
  let at = 0;
  for (const [row, { ids, positions }] of sources.entries())
    for (const [slot, position] of positions.entries()) {
      frame.ids[at] = ids[slot] ?? 0;
      frame.rows[at] = row;
      frame.positions[at] = position;
      frame.slots[at++] = slot;
    }
  return frame;
}

/** The positions whose mask is not 0. */
function kept(owner: string, length: number, mask: ArrayLike<number> | undefined, row: number): number[] {
  const all = Array.from({ length }, (_, at) => at);
  if (mask === undefined) return all;
  if (mask.length !== length) throw new ShapeError(`mask[${row}]`, [length], [mask.length]);
  return all.filter((at) => checkInteger(owner, `mask[${row}][${at}]`, mask[at], 0, 1) === 1);
}

function asRows(given: ArrayLike<number> | readonly ArrayLike<number>[]): readonly ArrayLike<number>[] {
  return isBatch(given) ? given : [given];
}

function asMasks(mask: SourceTokens['mask'], rows: number): readonly ArrayLike<number>[] | undefined {
  if (mask === undefined) return undefined;
  const masks = asRows(mask);
  if (masks.length !== rows) throw new ShapeError('Rows of the mask', [rows], [masks.length]);
  return masks;
}

/** Concatenate matrices of equal width by rows. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** A decoder's cache depends on its sources, so the fingerprint includes them. */
function fingerprintOf(model: string, sources: readonly Source[], output: Float32Array | undefined): string {
  const hash = new Hash();
  hash.addText(JSON.stringify([model, sources]));
  if (output !== undefined) hash.addWords(new Int32Array(output.buffer, output.byteOffset, output.length));
  return hash.digits();
}
