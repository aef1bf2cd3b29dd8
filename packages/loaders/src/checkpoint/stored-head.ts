import type { Architecture, MatrixRequest, WeightSource } from '@tokenwright/core/engine';
import { requestWeights } from '@tokenwright/core/engine';
import { isObject, type JsonObject } from '../sources/json.ts';

/** A head that is stored although the configuration ties it to the token table. */
export interface StoredHead {
  readonly head: string;
  readonly table: string;
  /** The configuration with a head of its own. */
  readonly untied: JsonObject;
}

/** The head that a tied configuration leaves out and the checkpoint holds; undefined when there is none. Reads headers only. */
export function storedHead(
  architecture: Architecture,
  config: JsonObject,
  weights: WeightSource,
): StoredHead | undefined {
  const tied = matricesOf(architecture, config, weights);
  const untied = untiedConfig(config);
  let own: readonly MatrixRequest[];
  try {
    own = matricesOf(architecture, untied, weights);
  } catch {
    // The checkpoint has no head, or the family has none of its own.
    return undefined;
  }
  const names = new Set(tied.flatMap((request) => request.names));
  const [head, ...others] = own.flatMap((request) => request.names).filter((name) => !names.has(name));
  const table = tied.find(({ names: [name], shape }) => shape.use === 'embedding' && name !== undefined)?.names[0];
  if (head === undefined || others.length > 0 || table === undefined) return undefined;
  const [a, b] = [weights.shape(head), weights.shape(table)];
  return a?.join() === b?.join() ? { head, table, untied } : undefined;
}

/**
 * The configuration that agrees with the weights: without tied embeddings when the stored head differs from the token table.
 */
export async function resolvedHead(
  architecture: Architecture,
  config: JsonObject,
  weights: WeightSource,
  signal?: AbortSignal,
): Promise<JsonObject> {
  const stored = storedHead(architecture, config, weights);
  if (stored === undefined || (await areEqual(weights, stored.head, stored.table, signal))) return config;
  return stored.untied;
}

function matricesOf(architecture: Architecture, config: JsonObject, weights: WeightSource): readonly MatrixRequest[] {
  const { requests } = requestWeights(architecture, architecture.configure(config), weights);
  return requests.filter((request) => request.kind === 'matrix');
}

function untiedConfig(config: JsonObject): JsonObject {
  const { text_config: text } = config;
  return {
    ...config,
    tie_word_embeddings: false,
    // T5 scales the hidden states before a tied head; that does not depend on the head.
    ...(config.model_type === 't5' && { scale_decoder_outputs: config.scale_decoder_outputs ?? true }),
    ...(isObject(text) && { text_config: { ...text, tie_word_embeddings: false } }),
  };
}

/** Rows that are compared at a time. */
const rowsAtOnce = 1024;

/** Whether two matrices of one shape hold the same numbers. Reads both, some rows at a time. */
export async function areEqual(
  weights: WeightSource,
  one: string,
  other: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const rows = weights.shape(one)![0]!;
  const read = (name: string, first: number, count: number): Promise<Float32Array> =>
    weights.readRows === undefined ? weights.read(name) : weights.readRows(name, first, count);
  const step = weights.readRows === undefined ? rows : rowsAtOnce;
  for (let first = 0; first < rows; first += step) {
    signal?.throwIfAborted();
    const count = Math.min(step, rows - first);
    const [a, b] = [await read(one, first, count), await read(other, first, count)];
    for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  }
  return true;
}
