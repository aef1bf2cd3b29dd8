import type { WeightSource } from './engine.ts';

/**
 * Names weights while they are read: up to 64 evenly spaced values of every tensor contribute to the name, with its
 * name and shape. This distinguishes checkpoints without reading them twice; it does not protect against forgery.
 */
export class FingerprintedWeights implements WeightSource {
  readonly name: string;
  readonly #source: WeightSource;
  readonly #hash: Hash = new Hash();
  /** Samples of tensors that are read by rows; hashed when all are present, so that the name is the same. */
  readonly #partial: Map<string, number[]> = new Map();
  readonly readRows?: NonNullable<WeightSource['readRows']>;

  constructor(source: WeightSource) {
    this.name = source.name;
    this.#source = source;
    if (source.readRows !== undefined) this.readRows = (name, first, count) => this.#readRows(name, first, count);
  }

  names(): readonly string[] {
    return this.#source.names();
  }

  shape(name: string): readonly number[] | undefined {
    return this.#source.shape(name);
  }

  bytes(name: string): number {
    return this.#source.bytes(name);
  }

  format(name: string): string | undefined {
    return this.#source.format?.(name);
  }

  async read(name: string): Promise<Float32Array> {
    const values = await this.#source.read(name);
    const stride = strideOf(values.length);
    this.#add(
      name,
      Float32Array.from({ length: Math.ceil(values.length / stride) }, (_, i) => values[i * stride]!),
    );
    return values;
  }

  async #readRows(name: string, first: number, count: number): Promise<Float32Array> {
    const values = await this.#source.readRows!(name, first, count);
    const shape = this.shape(name) ?? [];
    const length = shape.reduce((product, size) => product * size, 1);
    const begin = first * (length / (shape[0] ?? 1));
    const stride = strideOf(length);
    const samples = this.#partial.get(name) ?? [];
    this.#partial.set(name, samples);
    // The samples of a tensor must be in order; values that were already read are skipped.
    while (samples.length * stride < Math.min(length, begin + values.length) && samples.length * stride >= begin)
      samples.push(values[samples.length * stride - begin]!);
    if (samples.length === Math.ceil(length / stride)) {
      this.#add(name, Float32Array.from(samples));
      this.#partial.delete(name);
    }
    return values;
  }

  #add(name: string, samples: Float32Array): void {
    this.#hash.addText(`${name}:${this.shape(name)?.join('x')}`);
    this.#hash.addWords(new Int32Array(samples.buffer));
  }

  /** 32 hexadecimal digits for an architecture, its configuration and the tensors read so far, in order. */
  fingerprint(architecture: string, config: unknown): string {
    this.#hash.addText(JSON.stringify([architecture, config]));
    return this.#hash.digits();
  }
}

/** Distance between two samples. */
function strideOf(length: number): number {
  return Math.max(1, Math.floor(length / 64));
}

/** Four lanes of 32 bits, mixed as MurmurHash3 does. */
export class Hash {
  readonly #lanes: Int32Array = Int32Array.of(0x9368e53c, 0x586dcd20, 0x3c6ef372, 0x1b873593);

  addText(text: string): void {
    this.addWords(Int32Array.from(text, (character) => character.codePointAt(0)!));
  }

  addWords(words: Int32Array): void {
    for (const word of words)
      for (let lane = 0; lane < 4; lane++) {
        let mixed = Math.imul(word ^ this.#lanes[(lane + 1) & 3]!, 0xcc9e2d51 + 2 * lane);
        mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
        const sum = this.#lanes[lane]! ^ mixed;
        this.#lanes[lane] = Math.imul((sum << 13) | (sum >>> 19), 5) + 0xe6546b64;
      }
  }

  digits(): string {
    return Array.from(new Uint32Array(this.#lanes.buffer), (lane) => lane.toString(16).padStart(8, '0')).join('');
  }
}
