import { bucketsOf, type RelativeBias } from '@tokenwright/core/engine';

/** The bucket of a key's position minus the query's. */
export function bucketOf(
  offset: number,
  bias: Pick<RelativeBias<unknown>, 'buckets' | 'maxDistance' | 'bidirectional'>,
): number {
  return bucketsOf([0], [offset], bias)[0]!;
}
