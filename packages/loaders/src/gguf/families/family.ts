import type { JsonObject } from '../../sources/json.ts';
import type { GgufKeys } from '../file/keys.ts';

/** A tensor of a Hugging Face checkpoint, made of one of the GGUF file. */
export interface Published {
  /** Name in Hugging Face's layout; `{}` stands for the number of the layer. */
  readonly name: string;
  /** Row i is the file's row order(rows)[i]. Absent: in its own place. */
  order?(rows: number): readonly number[];
  /** The file has the matrix the other way round. */
  readonly transposed?: boolean;
  /** Added to each value. */
  readonly plus?: number;
}

/** How GGUF stores a family of models, and which config.json that is. Chosen by `general.architecture`. */
export interface GgufFamily {
  readonly architecture: string;
  /** The config.json that says the same; small tensors of rotary factors come with `tensor`. */
  config(keys: GgufKeys, tensor: (name: string) => Promise<readonly number[] | undefined>): Promise<JsonObject>;
  /** By name in the file, with `{}` for the number of the layer. */
  tensors(config: JsonObject): Readonly<Record<string, Published>>;
  /** Names of tensors that are read elsewhere or say nothing new. */
  readonly beside?: readonly string[];
  /** Tensors of a part of the model that is not read, such as the one that sees images. `inspectModel` lists them. */
  readonly leftOut?: RegExp;
  /**
   * Linear maps, as named in the file without '.weight', whose biases a file may have on some layers only. A bias that is missing
   * is zeros. Read only when `config` says that the model has these biases.
   */
  optionalBiases?(config: JsonObject): readonly string[];
}

/** Whether any layer has one of these tensors: names with `{}` for the number of the layer. */
export function onSomeLayer(keys: GgufKeys, names: readonly string[]): boolean {
  const wanted = new Set(names);
  for (const name of keys.file.tensors.keys()) if (wanted.has(layerOf(name).pattern)) return true;
  return false;
}

/** The number of a tensor's layer, and the name with `{}` in its place. Only the first number is a layer's: 'enc.blk.3.attn_q.weight'. */
export function layerOf(name: string): { readonly layer: string | undefined; readonly pattern: string } {
  const layer = /\bblk\.(\d+)\./.exec(name)?.[1];
  return { layer, pattern: layer === undefined ? name : name.replace(`blk.${layer}.`, 'blk.{}.') };
}

/** A weight and its bias under the same new name. */
export function both(from: string, to: string, more: Omit<Published, 'name'> = {}): Record<string, Published> {
  return {
    [`${from}.weight`]: { ...more, name: `${to}.weight` },
    [`${from}.bias`]: { ...more, transposed: false, name: `${to}.bias` },
  };
}

/** Embeddings, final norm and head of decoders that Hugging Face calls `model.…` and `lm_head`. */
export const outside: Readonly<Record<string, Published>> = {
  'token_embd.weight': { name: 'model.embed_tokens.weight' },
  'output_norm.weight': { name: 'model.norm.weight' },
  'output.weight': { name: 'lm_head.weight' },
};
