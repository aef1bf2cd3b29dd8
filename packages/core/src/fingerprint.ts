import type { WeightSource } from './engine.ts';

/**
 * Names weights while they are read: up to 64 evenly spaced values of every tensor that passes through go into the name,
 * beside its name and shape. Enough to tell checkpoints apart without reading them twice; no guard against forgery.
 */
export class FingerprintedWeights implements WeightSource {
  readonly name: string;
  readonly #source: WeightSource;
  readonly #hash: Hash = new Hash();

  constructor(source: WeightSource) {
    this.name = source.name;
    this.#source = source;
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

  async read(name: string): Promise<Float32Array> {
    const values = await this.#source.read(name);
    const stride = Math.max(1, Math.floor(values.length / 64));
    const samples = Float32Array.from({ length: Math.ceil(values.length / stride) }, (_, i) => values[i * stride]!);
    this.#hash.addText(`${name}:${this.shape(name)?.join('x')}`);
    this.#hash.addWords(new Int32Array(samples.buffer));
    return values;
  }

  /** 32 hexadecimal digits for an architecture, its configuration and what was read so far, in that order. */
  fingerprint(architecture: string, config: unknown): string {
    this.#hash.addText(JSON.stringify([architecture, config]));
    return this.#hash.digits();
  }
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
