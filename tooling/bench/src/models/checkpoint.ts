import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gpt2 } from '@tokenwright/core/architectures';
import { seededWeights } from '@tokenwright/core/testing';
import type { Shape } from './shapes.ts';

/** A model of a shape as a folder in Hugging Face layout, so that loading is measured as for a user. */
export interface Checkpoint extends AsyncDisposable {
  readonly shape: Shape;
  readonly folder: string;
}

/** Write random weights, float32, into a temporary folder, which is removed with the checkpoint. */
export async function writeCheckpoint(shape: Shape): Promise<Checkpoint> {
  const folder = await mkdtemp(join(tmpdir(), 'tokenwright-bench-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await writeFile(join(folder, 'config.json'), JSON.stringify(shape.config));
    const weights = seededWeights(gpt2, gpt2.configure(shape.config), { deviation: 0.02 });
    const header: Record<string, unknown> = {};
    let end = 0;
    for (const name of weights.names()) {
      const start = end;
      end += weights.bytes(name);
      header[name] = { dtype: 'F32', shape: weights.shape(name), data_offsets: [start, end] };
    }
    const json = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    const file = await open(join(folder, 'model.safetensors'), 'w');
    try {
      await file.write(length);
      await file.write(json);
      for (const name of weights.names()) {
        const values = await weights.read(name);
        await file.write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      }
    } finally {
      await file.close();
    }
    return { shape, folder, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
