import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { WeightSource } from '@tokenwright/core/engine';

/** A model in a folder in Hugging Face layout. */
export interface Checkpoint {
  readonly folder: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly source: WeightSource;
}

const root = fileURLToPath(new URL('../../../../../', import.meta.url));

/**
 * Open a model by its path from the repository's root, or from the folder `shared` next to it; undefined when it is
 * absent.
 */
export function checkpoint(path: string): Checkpoint | undefined {
  const folder = [`${root}${path}`, `${root}../${path}`].find((candidate) =>
    existsSync(`${candidate}/model.safetensors`),
  );
  if (folder === undefined) {
    console.warn(`Skipped: ${path} does not exist.`);
    return undefined;
  }
  return {
    folder,
    config: JSON.parse(readFileSync(`${folder}/config.json`, 'utf8')) as Record<string, unknown>,
    source: safetensors(`${folder}/model.safetensors`),
  };
}

/** The tensors of a small safetensors file in F32 or F16. */
function safetensors(file: string): WeightSource {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString('utf8')) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  delete header.__metadata__;
  return {
    name: file,
    names: () => Object.keys(header),
    shape: (name) => header[name]?.shape,
    bytes: (name) => header[name]!.data_offsets[1] - header[name]!.data_offsets[0],
    async read(name) {
      const { dtype, data_offsets } = header[name]!;
      const [from, to] = data_offsets.map((offset) => offset + 8 + length) as [number, number];
      const copy = bytes.buffer.slice(bytes.byteOffset + from, bytes.byteOffset + to) as ArrayBuffer;
      if (dtype === 'F32') return new Float32Array(copy);
      return Float32Array.from(new Uint16Array(copy), fromHalf);
    },
  };
}

function fromHalf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}
