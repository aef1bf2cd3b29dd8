import { LoadError } from '@tokenwright/core';
import type { StoredWeights } from '../weights/stored-weights.ts';
import { areEqual } from './stored-head.ts';

/** The names of an encoder-decoder model's token tables: one for both sides, and one for each. */
const tables = /^(.*?)(?:shared|encoder\.embed_tokens|decoder\.embed_tokens)\.weight$/;

/**
 * Check that the token tables that are stored and not used are copies of the one that is: encoder and decoder share one here, unless each
 * has a vocabulary of its own.
 *
 * @param used names of the tensors that the model asks for.
 * @throws LoadError that names a table that differs, as transformers saves them for a model that was trained with untied tables.
 */
export async function checkTokenTables(
  weights: StoredWeights,
  used: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<void> {
  const [table, another] = [...used].filter((name) => tables.test(name));
  if (table === undefined || another !== undefined) return;
  const prefix = tables.exec(table)![1];
  for (const name of weights.names()) {
    if (used.has(name) || tables.exec(name)?.[1] !== prefix) continue;
    const isCopy =
      weights.shape(name)!.join() === weights.shape(table)!.join() && (await areEqual(weights, name, table, signal));
    if (!isCopy)
      throw new LoadError(
        weights.name,
        `differs from '${table}', but encoder and decoder share one token table here; tables of their own are read for Marian models with share_encoder_decoder_embeddings: false`,
        name,
      );
  }
}
