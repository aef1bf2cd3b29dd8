import type { WeightSource } from './engine.ts';
import type { MatrixRequest } from './weight-requests.ts';

/** Names of formats that hold few bits with scales: those of GGUF, and ours; not 'F16' and 'BF16'. */
const quantized = /^(?:I?Q\d|TQ\d|MXFP|NVFP|[48]-bit)/;

/** Formats whose codes a format finds again, besides its own. */
const kept: Readonly<Record<string, string>> = { '4-bit-blocks': 'Q4_0', '8-bit-blocks': 'Q8_0' };

/** Numbers that share a scale in Q8_0 and in `8-bit-blocks`. */
const blockSize = 32;

/**
 * Watches the reading of matrices that are quantized already, and reports those that are rounded again. `8-bit`,
 * `8-bit-blocks` and `4-bit-blocks` keep the codes of files of ours in the same format; `4-bit-blocks` those of Q4_0; `8-bit-blocks`
 * those of Q8_0 where each block of 32 has a code of 127 or -127, as llama.cpp writes it, which is looked up in the values.
 */
export class SecondRounding {
  /** The same weights, watched. */
  readonly source: WeightSource;
  readonly #given: WeightSource;
  readonly #format: string;
  /** Matrices by the name of a tensor. */
  readonly #matrices: ReadonlyMap<string, MatrixRequest>;
  readonly #lost: Set<string> = new Set();

  /** @param matrices those that are held in `format`. */
  constructor(source: WeightSource, matrices: readonly MatrixRequest[], format: string) {
    this.#given = source;
    this.#format = format;
    this.#matrices = new Map(matrices.flatMap((request) => request.names.map((name) => [name, request])));
    this.source = source;
    if (!quantized.test(format)) return;
    const watched = new Set<string>();
    for (const name of this.#matrices.keys()) {
      const stored = source.format?.(name) ?? '';
      if (!quantized.test(stored) || stored === format) continue;
      if (kept[format] !== stored) this.#lost.add(name);
      else if (stored === 'Q8_0') watched.add(name);
    }
    if (watched.size > 0) this.source = this.#watched(source, watched);
  }

  /**
   * A sentence about the matrices that were rounded twice, once all are read; undefined when there are none.
   *
   * @param advice what to do, as the caller names it: how the file's own numbers are kept.
   */
  notice(advice: string): string | undefined {
    if (this.#lost.size === 0) return undefined;
    const formats = new Set([...this.#lost].map((name) => this.#given.format!(name)!));
    const other = kept[this.#format];
    const again = `an unquantized file${other === undefined ? '' : `, or one in ${other}, whose codes '${this.#format}' keeps`}`;
    return (
      `${this.#given.name}: ${this.#lost.size} of ${this.#matrices.size} matrices are quantized already, as ` +
      `${[...formats].join(', ')}, and their values are rounded a second time, to '${this.#format}'. ` +
      `To avoid it: ${advice}, or ${again}`
    );
  }

  #watched(source: WeightSource, names: ReadonlySet<string>): WeightSource {
    const look = (name: string, values: Float32Array): Float32Array => {
      if (!names.has(name) || this.#lost.has(name)) return values;
      const { inputs, layout } = this.#matrices.get(name)!.shape;
      const outputs = values.length / inputs;
      const steps = layout === 'input-output' ? { output: 1, input: outputs } : { output: inputs, input: 1 };
      if (!holdsCodesOf127(values, outputs, inputs, steps)) this.#lost.add(name);
      return values;
    };
    return {
      name: source.name,
      names: () => source.names(),
      shape: (name) => source.shape(name),
      format: (name) => source.format?.(name),
      bytes: (name) => source.bytes(name),
      read: async (name) => look(name, await source.read(name)),
      ...(source.readRows !== undefined && {
        readRows: async (name: string, first: number, count: number) =>
          look(name, await source.readRows!(name, first, count)),
      }),
    };
  }
}

/** Whether every block is a half-precision scale times integers, the largest of which is 127. */
function holdsCodesOf127(
  values: Float32Array,
  outputs: number,
  inputs: number,
  steps: { readonly output: number; readonly input: number },
): boolean {
  for (let output = 0; output < outputs; output++)
    for (let first = 0; first < inputs; first += blockSize) {
      const end = Math.min(inputs, first + blockSize);
      const at = (input: number): number => values[output * steps.output + input * steps.input]!;
      let most = 0;
      for (let input = first; input < end; input++) most = Math.max(most, Math.abs(at(input)));
      if (most === 0) continue;
      const scale = most / 127;
      if (!isHalf(scale)) return false;
      for (let input = first; input < end; input++) if (!Number.isInteger(at(input) / scale)) return false;
    }
  return true;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** True for a positive number that half precision holds: 11 digits, or a multiple of 2^-24. */
function isHalf(value: number): boolean {
  float[0] = value;
  if (float[0] !== value) return false;
  return value < 2 ** -14 ? Number.isInteger(value * 2 ** 24) : (bits[0]! & 0x1fff) === 0;
}
