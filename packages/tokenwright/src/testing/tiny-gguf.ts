const vocabulary = ['<unk>', '<s>', '</s>', ...'▁abcdefghijklm'];

/** A tokenizer.json with the vocabulary of the tiny file: a token per letter. */
export const tinyTokenizer = {
  model: {
    type: 'WordLevel',
    unk_token: '<unk>',
    vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
  },
  pre_tokenizer: { type: 'Split', pattern: { Regex: '.' }, behavior: 'Isolated', invert: false },
  decoder: { type: 'Fuse' },
} as const;

/**
 * A GGUF file of a Llama with one layer and made-up weights, as small as one can be: it is loaded, and what it writes is noise.
 *
 * @param cut `tokenizer.ggml.pre` of a byte-level BPE, instead of SentencePiece's tokenizer.
 */
export function tinyGguf(cut?: string): Uint8Array {
  const width = 8;
  const metadata: [key: string, kind: number, value: unknown][] = [
    ['general.architecture', text, 'llama'],
    ['general.name', text, 'tiny'],
    ['llama.context_length', uint32, 32],
    ['llama.embedding_length', uint32, width],
    ['llama.block_count', uint32, 1],
    ['llama.feed_forward_length', uint32, 16],
    ['llama.attention.head_count', uint32, 2],
    ['llama.attention.head_count_kv', uint32, 2],
    ['llama.attention.layer_norm_rms_epsilon', float32, 1e-5],
    ['tokenizer.ggml.model', text, cut === undefined ? 'llama' : 'gpt2'],
    ...(cut === undefined
      ? []
      : ([
          ['tokenizer.ggml.pre', text, cut],
          ['tokenizer.ggml.merges', list, { kind: text, values: ['a b'] }],
        ] as [string, number, unknown][])),
    ['tokenizer.ggml.tokens', list, { kind: text, values: vocabulary }],
    ['tokenizer.ggml.scores', list, { kind: float32, values: vocabulary.map((_, id) => -id) }],
    [
      'tokenizer.ggml.token_type',
      list,
      { kind: int32, values: vocabulary.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : 1)) },
    ],
    ['tokenizer.ggml.bos_token_id', uint32, 1],
    ['tokenizer.ggml.eos_token_id', uint32, 2],
  ];
  const tensors: [name: string, shape: number[]][] = [
    ['token_embd.weight', [vocabulary.length, width]],
    ['output_norm.weight', [width]],
    ['blk.0.attn_norm.weight', [width]],
    ['blk.0.ffn_norm.weight', [width]],
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((name): [string, number[]] => [
      `blk.0.${name}.weight`,
      [width, width],
    ]),
    ['blk.0.ffn_gate.weight', [16, width]],
    ['blk.0.ffn_up.weight', [16, width]],
    ['blk.0.ffn_down.weight', [width, 16]],
  ];
  const writer = new Writer();
  writer.bytes('GGUF');
  writer.put(uint32, 3);
  writer.put(uint64, tensors.length);
  writer.put(uint64, metadata.length);
  for (const [key, kind, value] of metadata) {
    writer.put(text, key);
    writer.put(uint32, kind);
    writer.put(kind, value);
  }
  let offset = 0;
  for (const [name, shape] of tensors) {
    writer.put(text, name);
    writer.put(uint32, shape.length);
    for (const size of [...shape].reverse()) writer.put(uint64, size);
    writer.put(uint32, 0);
    writer.put(uint64, offset);
    offset = align(offset + 4 * count(shape));
  }
  writer.pad();
  for (const [at, [, shape]] of tensors.entries()) {
    for (let i = 0; i < count(shape); i++) writer.put(float32, shape.length === 1 ? 1 : Math.sin(1 + i * 7.3 + at) / 2);
    writer.pad();
  }
  return writer.result();
}

/** GGUF's numbers of kinds. */
const uint32 = 4;
const int32 = 5;
const float32 = 6;
const text = 8;
const list = 9;
const uint64 = 10;

const align = (length: number): number => Math.ceil(length / 32) * 32;
const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

class Writer {
  readonly #bytes: number[] = [];

  put(kind: number, value: unknown): void {
    const view = new DataView(new ArrayBuffer(8));
    if (kind === text) {
      const bytes = new TextEncoder().encode(value as string);
      this.put(uint64, bytes.length);
      this.#bytes.push(...bytes);
    } else if (kind === list) {
      const { kind: inner, values } = value as { readonly kind: number; readonly values: readonly unknown[] };
      this.put(uint32, inner);
      this.put(uint64, values.length);
      for (const one of values) this.put(inner, one);
    } else {
      if (kind === uint64) view.setBigUint64(0, BigInt(value as number), true);
      else if (kind === float32) view.setFloat32(0, value as number, true);
      else view.setInt32(0, value as number, true);
      this.#bytes.push(...new Uint8Array(view.buffer, 0, kind === uint64 ? 8 : 4));
    }
  }

  bytes(letters: string): void {
    this.#bytes.push(...new TextEncoder().encode(letters));
  }

  pad(): void {
    while (this.#bytes.length % 32 !== 0) this.#bytes.push(0);
  }

  result(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
