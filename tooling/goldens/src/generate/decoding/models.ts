import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LanguageModel, SequenceToSequence } from '@tokenwright/core';
import { folder, loadModel, loadSequenceToSequenceModel } from '@tokenwright/loaders';
import type { GoldenFile, Setting } from '../../shared/suite.ts';

type Json = Readonly<Record<string, unknown>>;

/** A model of the goldens: a language model, or an encoder-decoder model that must be bound to sources. */
export interface GoldenModel {
  readonly model: LanguageModel | SequenceToSequence;
  readonly config: Json;
  readonly generationConfig: Json;
}

/** The models of one golden file, loaded when they are first needed. */
export class Models {
  readonly #file: GoldenFile;
  readonly #setting: Setting;
  readonly #loaded: Map<string, Promise<GoldenModel>> = new Map();

  constructor(file: GoldenFile, setting: Setting) {
    this.#file = file;
    this.#setting = setting;
  }

  /** The model whose folder holds the file. */
  own(): Promise<GoldenModel> {
    return this.at(dirname(this.#file.path));
  }

  /** A decoder-only model in a folder beside the file's own. */
  beside(name: string): Promise<LanguageModel> {
    return this.languageModel(join(dirname(dirname(this.#file.path)), name));
  }

  /** A decoder-only model by its path in the folder of the goldens. */
  async languageModel(path: string): Promise<LanguageModel> {
    const { model } = await this.at(path);
    if ('encoderOutput' in model) throw new TypeError(`${path} holds an encoder-decoder model`);
    return model;
  }

  at(path: string): Promise<GoldenModel> {
    let model = this.#loaded.get(path);
    if (model === undefined) {
      model = this.#load(join(this.#file.root, path));
      this.#loaded.set(path, model);
    }
    return model;
  }

  async #load(path: string): Promise<GoldenModel> {
    const engine = await this.#setting.engine();
    const { is_encoder_decoder } = JSON.parse(await readFile(join(path, 'config.json'), 'utf8'));
    if (is_encoder_decoder === true) {
      const { sequenceToSequence, ...loaded } = await loadSequenceToSequenceModel(folder(path), { engine });
      this.#setting.onClose(() => loaded.dispose());
      return { ...loaded, model: sequenceToSequence };
    }
    const loaded = await loadModel(folder(path), { engine });
    this.#setting.onClose(() => loaded.dispose());
    return loaded;
  }
}

/** Feed each row into an empty cache and read the logits of all its positions: lists of [V]. */
export async function logitsOf(
  model: LanguageModel,
  rows: readonly (readonly number[])[],
): Promise<{ logits: Float32Array[][]; hidden: Float32Array[][] }> {
  const cache = model.createCache({ rows: rows.length });
  try {
    const scored = Math.max(...rows.map(({ length }) => length));
    const result = model.forward(rows, cache, { scored, hidden: true });
    try {
      return {
        logits: byRow(await result.logits.read(), result.logits.columns, rows),
        hidden: result.hidden === undefined ? [] : byRow(await result.hidden.read(), result.hidden.columns, rows),
      };
    } finally {
      result.dispose();
    }
  } finally {
    cache.dispose();
  }
}

/** The same, token by token through the cache. */
export async function logitsStepwise(
  model: LanguageModel,
  rows: readonly (readonly number[])[],
): Promise<Float32Array[][]> {
  const cache = model.createCache({ rows: rows.length });
  const logits: Float32Array[][] = rows.map(() => []);
  try {
    for (let at = 0; rows.some(({ length }) => at < length); at++) {
      const fed = rows.map((row) => row.slice(at, at + 1));
      const result = model.forward(fed, cache);
      const read = byRow(await result.logits.read(), result.logits.columns, fed);
      for (const [row, values] of read.entries()) logits[row]!.push(...values);
      result.dispose();
    }
    return logits;
  } finally {
    cache.dispose();
  }
}

function byRow(all: Float32Array, columns: number, rows: readonly ArrayLike<number>[]): Float32Array[][] {
  let next = 0;
  return rows.map(({ length }) => Array.from({ length }, () => all.slice(next * columns, ++next * columns)));
}
