import { LoadError } from '@tokenwright/core';
import { type Architecture, requestWeights } from '@tokenwright/core/engine';
import type { StoredWeights } from '../weights/stored-weights.ts';

/** Names of the tensors that an architecture asks for. Their shapes are checked on the way. */
export function usedNames(architecture: Architecture, settings: unknown, weights: StoredWeights): ReadonlySet<string> {
  const { requests } = requestWeights(architecture, settings, weights);
  return new Set(requests.flatMap((request) => (request.kind === 'table' ? [] : request.names)));
}

/**
 * Check that no tensor is ignored that belongs to what the model computes: a bias of a map that is used, a norm or an adapter within
 * a layer, a layer beyond the number that the configuration gives. Tensors beside the model (a value head, a part that sees images)
 * are left out, and `inspectModel` lists them.
 *
 * @param kind Of a GGUF file every tensor must be used.
 * @throws LoadError that names the tensors.
 */
export function checkUnused(kind: 'safetensors' | 'gguf', weights: StoredWeights, used: ReadonlySet<string>): void {
  const unused = weights.names().filter((name) => !used.has(name));
  if (unused.length === 0) return;
  const [maps, lists] = placesOf(used);
  const wrong = unused.filter((name) => kind === 'gguf' || (!isCopyOrBuffer(name) && isWithin(name, maps, lists)));
  if (wrong.length === 0) return;
  const more = wrong.length === 1 ? '' : `, and so are ${wrong.length - 1} others: ${wrong.slice(1, 4).join(', ')}`;
  throw new LoadError(
    weights.name,
    `the tensor is in the file, but the configuration does not use it${more}${wrong.length > 4 ? ' …' : ''}`,
    wrong[0],
  );
}

/** The modules that hold used tensors, such as 'lm_head', and the lists of layers, such as 'model.layers.'. */
function placesOf(used: ReadonlySet<string>): [maps: ReadonlySet<string>, lists: readonly string[]] {
  const maps = new Set<string>();
  const lists = new Set<string>();
  for (const name of used) {
    maps.add(name.replace(/\.[^.]+$/, ''));
    const list = /^(.*?\.)\d+\./.exec(`.${name}`)?.[1];
    if (list !== undefined) lists.add(list.slice(1));
  }
  return [maps, [...lists]];
}

function isWithin(name: string, maps: ReadonlySet<string>, lists: readonly string[]): boolean {
  if (lists.some((list) => name.startsWith(list) && /^\d+\./.test(name.slice(list.length)))) return true;
  // Also where the head is the token table, and no tensor of its own is used.
  if (/(^|\.)(lm_head|embed_out)\.bias$/.test(name)) return true;
  for (let end = name.lastIndexOf('.'); end > 0; end = name.lastIndexOf('.', end - 1))
    if (maps.has(name.slice(0, end))) return true;
  return false;
}

/** Constants that older versions saved with the weights, and tables that Hugging Face's code computes or shares. */
const copiesAndBuffers: readonly RegExp[] = [
  /\brotary_emb\.inv_freq$/,
  // Causal masks of GPT-2, GPT-Neo and GPT-NeoX.
  /\.(attn|attention)\.(bias|masked_bias)$/,
  /\bposition_ids$/,
  // T5: old checkpoints have this table, but the model never looks at it.
  /^decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight$/,
];

function isCopyOrBuffer(name: string): boolean {
  return copiesAndBuffers.some((pattern) => pattern.test(name));
}
