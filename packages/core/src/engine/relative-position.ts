import type { RelativeBias } from './operations.ts';

/**
 * T5's buckets of key position minus query position, [queries, keys] row-major. Half of the buckets (of each direction,
 * when bidirectional) hold one distance each; the others grow logarithmically up to `maxDistance`.
 * Source: Raffel et al. 2020, and mesh-tensorflow's relative_position_bucket.
 */
export function bucketsOf(
  queries: ArrayLike<number>,
  keys: ArrayLike<number>,
  { buckets, maxDistance, bidirectional }: Pick<RelativeBias<unknown>, 'buckets' | 'maxDistance' | 'bidirectional'>,
): Int32Array {
  const result = new Int32Array(queries.length * keys.length);
  for (let query = 0; query < queries.length; query++)
    for (let key = 0; key < keys.length; key++)
      result[query * keys.length + key] = bucketOf(keys[key]! - queries[query]!, buckets, maxDistance, bidirectional);
  return result;
}

function bucketOf(offset: number, buckets: number, maxDistance: number, bidirectional: boolean): number {
  const available = bidirectional ? buckets / 2 : buckets;
  const first = bidirectional && offset > 0 ? available : 0;
  const distance = bidirectional ? Math.abs(offset) : Math.max(0, -offset);
  const exact = Math.floor(available / 2);
  if (distance < exact) return first + distance;
  // float32, to match the rounding of the original.
  const ratio = Math.fround(
    Math.fround(Math.log(Math.fround(distance / exact))) / Math.fround(Math.log(maxDistance / exact)),
  );
  return first + Math.min(available - 1, exact + Math.floor(Math.fround(ratio * (available - exact))));
}
