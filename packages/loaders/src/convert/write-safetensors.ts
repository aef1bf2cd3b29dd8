import type { FileSink, ModelSink } from './sink.ts';

/** A tensor before its bytes are made. */
export interface PlannedTensor {
  readonly name: string;
  /** Name of the number format in safetensors. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** Tensors whose bytes are made together, in the order of the file. */
export interface PlannedPart {
  readonly tensors: readonly PlannedTensor[];
  /** One array for each of `tensors`. */
  make(): Promise<readonly Uint8Array[]>;
}

/**
 * Write a safetensors file: https://github.com/huggingface/safetensors#format. The header is made first, from the plan; then the
 * tensors are made and written one part at a time. After an error nothing is left of the file.
 *
 * @param onWritten called after each part.
 * @returns bytes of the file.
 */
export async function saveSafetensors(
  sink: ModelSink,
  name: string,
  parts: readonly PlannedPart[],
  metadata: Readonly<Record<string, string>>,
  onWritten: () => void = () => {},
): Promise<number> {
  const header = headerOf(
    parts.flatMap(({ tensors }) => tensors),
    metadata,
  );
  const data = parts.flatMap(({ tensors }) => tensors).reduce((sum, { bytes }) => sum + bytes, 0);
  await writing(sink, name, header.length + data, async (file) => {
    await file.write(header);
    for (const { tensors, make } of parts) {
      for (const [i, bytes] of (await make()).entries()) {
        const { name: tensor, bytes: planned } = tensors[i]!;
        if (bytes.length !== planned)
          throw new TypeError(
            `The tensor '${tensor}' has ${bytes.length} bytes instead of the ${planned} that were planned.`,
          );
        await file.write(bytes);
      }
      onWritten();
    }
  });
  return header.length + data;
}

/** Write a file whose contents are at hand. */
export async function saveText(sink: ModelSink, name: string, text: string): Promise<number> {
  const bytes = new TextEncoder().encode(text);
  await writing(sink, name, bytes.length, (file) => file.write(bytes));
  return bytes.length;
}

async function writing(
  sink: ModelSink,
  name: string,
  size: number,
  work: (file: FileSink) => Promise<void>,
): Promise<void> {
  const file = await sink.file(name, size);
  try {
    await work(file);
    await file.close();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/** The length, then the header, padded with spaces so that the data begins at a multiple of 8. */
function headerOf(tensors: readonly PlannedTensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  return bytes;
}
