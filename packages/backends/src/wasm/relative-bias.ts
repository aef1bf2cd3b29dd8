import type { RelativeBias } from '@tokenwright/core';

/**
 * The bucket of a key's position minus the query's. Half of the buckets (of each direction, when bidirectional) hold one
 * distance each, the rest grow logarithmically up to `maxDistance`.
 * Source: Raffel et al. 2020 (T5), and mesh-tensorflow's relative_position_bucket, with its rounding to float32.
 */
export function bucketOf(
  offset: number,
  { buckets, maxDistance, bidirectional }: Pick<RelativeBias<unknown>, 'buckets' | 'maxDistance' | 'bidirectional'>,
): number {
  const available = bidirectional ? buckets / 2 : buckets;
  const first = bidirectional && offset > 0 ? available : 0;
  const distance = bidirectional ? Math.abs(offset) : Math.max(0, -offset);
  const exact = Math.floor(available / 2);
  if (distance < exact) return first + distance;
  const ratio = Math.fround(
    Math.fround(Math.log(Math.fround(distance / exact))) / Math.fround(Math.log(maxDistance / exact)),
  );
  return first + Math.min(available - 1, exact + Math.floor(Math.fround(ratio * (available - exact))));
}
