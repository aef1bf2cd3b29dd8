/** A tensor for a test file: its values as stored, little-endian. */
export interface TestTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
}

/** The bytes of a safetensors file. */
export function safetensorsBytes(tensors: Readonly<Record<string, TestTensor>>, metadata?: object): Uint8Array {
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  return withHeader(JSON.stringify(header), concatenated(parts));
}

/** A file with this header, whether or not it is right. */
export function withHeader(header: string | Uint8Array, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return concatenated([length, text, data]);
}

export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function float32(shape: readonly number[], ...values: number[]): TestTensor {
  return { dtype: 'F32', shape, data: Float32Array.from(values) };
}
