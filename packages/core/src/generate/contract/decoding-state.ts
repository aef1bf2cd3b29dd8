import { checkInteger } from '../../check/check.ts';
import { checkIds } from '../../check/lists.ts';
import { readOptions } from '../../check/read-options.ts';
import { Hash } from '../../engine/fingerprint.ts';
import { CacheError, DisposedError, ParameterError } from '../../errors.ts';
import { checkModel } from '../../model/check-model.ts';
import type { KVCache } from '../../model/kv-cache.ts';
import type { LanguageModel } from '../../model/language-model.ts';
import { withPlaces } from '../../sampling/chain/stages.ts';
import { History } from '../../sampling/history.ts';
import { maxSequence, Random } from '../../sampling/random.ts';
import { RunState } from '../../sampling/run-state.ts';
import type { Sampler } from '../../sampling/sampler.ts';
import { checkDecoder } from '../../text/check-tokenizer.ts';
import { TextStream } from '../../text/text-stream.ts';
import type { Tokenizer } from '../../text/tokenizer.ts';
import { readState, writeState } from './decoding-state-bytes.ts';
import type { TextState } from './sequence-text.ts';

export interface DecodingStateOptions {
  /** Default: any. */
  readonly seed?: number;
  /** Which sequence of random numbers of that seed. Default 0. */
  readonly sequence?: number;
  readonly tokenizer?: Tokenizer;
}

/**
 * Everything that decoding of one sequence continues from, as one value: tokens, keys and values, sampler state, the place in
 * the random numbers, and text that is not printable yet. `generate(model, state)` continues it and leaves it where the call
 * stopped. Tokens in the cache are not fed again.
 *
 * Law: to fork and continue, or to restore and continue, gives what continuing gives.
 */
export class DecodingState {
  readonly model: LanguageModel;
  readonly seed: number;
  readonly sequence: number;
  /** Tokens that were given, not generated. */
  readonly promptLength: number;
  readonly tokenizer: Tokenizer | undefined;
  #history: History;
  #text: TextState | undefined;
  readonly #cache: KVCache;
  /** By the chain that wrote it: another chain starts with a memory of its own. */
  readonly #memories: Map<string, RunState>;
  #disposed = false;

  private constructor(content: StateContent) {
    this.model = content.model;
    this.seed = content.seed;
    this.sequence = content.sequence;
    this.promptLength = content.promptLength;
    this.tokenizer = content.tokenizer;
    this.#history = content.history;
    this.#text = content.text;
    this.#cache = content.cache;
    this.#memories = content.memories;
  }

  /** A state after `prompt`; nothing is fed yet. An empty prompt starts from the model's start tokens. */
  static open(model: LanguageModel, prompt: ArrayLike<number>, options: DecodingStateOptions = {}): DecodingState {
    const owner = 'DecodingState.open';
    checkModel(owner, model);
    const {
      seed = Random.anySeed(),
      sequence = 0,
      tokenizer,
    } = readOptions(owner, options, ['seed', 'sequence', 'tokenizer']);
    const given = checkIds(owner, 'prompt', prompt, model.vocabSize);
    const ids = given.length === 0 ? (model.defaults.decoderStartTokenIds ?? []) : given;
    if (ids.length === 0) throw new ParameterError(owner, 'prompt', 'at least one token', ids);
    return new DecodingState({
      model,
      seed: checkInteger(owner, 'seed', seed, 0, Number.MAX_SAFE_INTEGER),
      sequence: checkInteger(owner, 'sequence', sequence, 0, maxSequence),
      promptLength: ids.length,
      tokenizer: tokenizer === undefined ? undefined : checkDecoder(owner, tokenizer),
      history: History.of(ids),
      text: undefined,
      cache: model.createCache(),
      memories: new Map(),
    });
  }

  /** All tokens, the prompt's included. */
  get history(): History {
    return this.#history;
  }

  /** Keys and values of what was fed. The state's own. */
  get cache(): KVCache {
    if (this.#disposed) throw new DisposedError('The decoding state');
    return this.#cache;
  }

  /** Text that is held back: a character or a stop string may be unfinished, or it follows the stop string that ended a call. */
  get text(): TextState | undefined {
    return this.#text;
  }

  /** Used by `generate`: the state has moved on to here. */
  moveTo(history: History, text: TextState | undefined): void {
    this.#history = history;
    this.#text = text;
  }

  /** Used by `generate`: what the stages of this chain remember. */
  memoryOf(chain: readonly Sampler[]): RunState {
    const key = chainKey(chain);
    const memory = this.#memories.get(key) ?? new RunState();
    this.#memories.set(key, memory);
    return memory;
  }

  /**
   * A state of its own that starts equal. Synchronous; what is equal is shared.
   *
   * @throws ParameterError when `sequence` is not from 0 to 65535.
   */
  fork(options: { readonly sequence?: number } = {}): DecodingState {
    const { sequence = this.sequence } = readOptions('DecodingState.fork', options, ['sequence']);
    return DecodingState.assemble({
      ...this.#content(),
      sequence: checkInteger('DecodingState.fork', 'sequence', sequence, 0, maxSequence),
      cache: this.cache.fork(),
      // Nodes are shared and immutable, and each branch has its own, so the notes on them can be shared too.
      memories: new Map(this.#memories),
    });
  }

  /** For `generate`, which forks a row in the middle of a call. */
  static assemble(content: StateContent): DecodingState {
    return new DecodingState(content);
  }

  /** Everything as bytes: 'TWST', version and header length (little-endian uint32), a JSON header, the serialized cache. */
  async serialize(): Promise<Uint8Array> {
    const cache = await this.cache.serialize();
    return writeState(
      {
        fingerprint: this.model.fingerprint,
        tokenizer: this.tokenizer === undefined ? null : tokenizerFingerprint(this.tokenizer),
        seed: this.seed,
        sequence: this.sequence,
        promptLength: this.promptLength,
        tokens: Array.from(this.#history.tokens),
        memories: [...this.#memories].map(([chain, memory]) => [chain, memory.snapshot(this.#history)]),
        text: this.#text === undefined ? null : { ...this.#text, stream: this.#text.stream.state },
      },
      cache,
    );
  }

  /**
   * The inverse of `serialize`, in this process or another, on this engine or another.
   *
   * @throws CacheError when the bytes are cut off, or of another version, model or tokenizer.
   */
  static restore(
    model: LanguageModel,
    bytes: Uint8Array,
    options: { readonly tokenizer?: Tokenizer } = {},
  ): DecodingState {
    const { header, cache } = readState(bytes, model);
    const tokenizer = options.tokenizer === undefined ? null : tokenizerFingerprint(options.tokenizer);
    if (header.tokenizer !== tokenizer)
      throw new CacheError(
        `The state is of another tokenizer: ${header.tokenizer}, but the given one's is ${tokenizer}.`,
      );
    const { tokens } = header;
    const history = tokens.length > 1 ? History.of(tokens.slice(0, -1)).append(tokens.at(-1)!) : History.of(tokens);
    const memories = new Map(
      header.memories.map(([chain, snapshot]) => {
        const memory = new RunState();
        memory.restore(history, snapshot);
        return [chain, memory];
      }),
    );
    return new DecodingState({
      model,
      seed: header.seed,
      sequence: header.sequence,
      promptLength: header.promptLength,
      tokenizer: options.tokenizer,
      history,
      text:
        header.text === null || options.tokenizer === undefined
          ? undefined
          : { ...header.text, stream: TextStream.from(options.tokenizer, header.text.stream) },
      cache: model.restoreCache(cache),
      memories,
    });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#cache.dispose();
  }

  #content(): StateContent {
    const { model, seed, sequence, promptLength, tokenizer } = this;
    return {
      model,
      seed,
      sequence,
      promptLength,
      tokenizer,
      history: this.#history,
      text: this.#text && { ...this.#text, stream: this.#text.stream.fork() },
      cache: this.#cache,
      memories: this.#memories,
    };
  }
}

/** What a state is made of. */
export interface StateContent {
  readonly model: LanguageModel;
  readonly seed: number;
  readonly sequence: number;
  readonly promptLength: number;
  readonly tokenizer: Tokenizer | undefined;
  readonly history: History;
  readonly text: TextState | undefined;
  readonly cache: KVCache;
  readonly memories: Map<string, RunState>;
}

/** Names a chain by its stages and parameters. */
export function chainKey(chain: readonly Sampler[]): string {
  const own = withPlaces(chain).filter(({ index }) => index >= 0);
  return JSON.stringify(own.map(({ sampler: { name, parameters } }) => [name, parameters ?? null]));
}

/** Names a tokenizer by its size and the texts of up to 256 of its ids. */
function tokenizerFingerprint(tokenizer: Tokenizer): string {
  const hash = new Hash();
  hash.addText(String(tokenizer.vocabSize));
  const stride = Math.max(1, Math.floor(tokenizer.vocabSize / 256));
  for (let id = 0; id < tokenizer.vocabSize; id += stride) hash.addText(`${id}:${tokenizer.decode([id])}`);
  return hash.digits();
}
