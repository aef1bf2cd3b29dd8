import fc from 'fast-check';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Cases of one property; `pnpm run test:fuzz` asks for more. */
export const fuzzRuns: number = Number(process.env.FUZZ_RUNS ?? 1500);

// The quick run has the same cases each time, so that it fails only for a change. A longer run has new ones.
if (process.env.FUZZ_RUNS === undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 1 });

/** Numbers at the borders of what a length may be. */
export const borderNumber: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -3, max: 200 }),
  fc.constantFrom(-0, 0.5, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 2 ** 64, 1e308, -1e308),
);

/** Values of every kind, among them `words`, which mean something to the reader. */
export function replacement(words: readonly string[]): fc.Arbitrary<Json> {
  return fc.oneof(
    { weight: 4, arbitrary: borderNumber },
    { weight: 2, arbitrary: fc.constantFrom<Json>(null, true, false, '', 'constructor', '__proto__', 'null', '../x') },
    { weight: 3, arbitrary: fc.constantFrom<Json>(...words) },
    { weight: 1, arbitrary: fc.array(borderNumber, { maxLength: 5 }) as fc.Arbitrary<Json> },
    { weight: 1, arbitrary: fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 }) as fc.Arbitrary<Json> },
    { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...words, 'x'), borderNumber) as fc.Arbitrary<Json> },
  );
}

/** One change of a JSON value. */
export interface Change {
  readonly where: number;
  readonly how: 'replace' | 'remove' | 'rename' | 'shift' | 'repeat';
  readonly by: Json;
}

export function changes(words: readonly string[], most = 3): fc.Arbitrary<Change[]> {
  const change = fc.record<Change>({
    where: fc.nat({ max: 10_000 }),
    how: fc.constantFrom('replace', 'remove', 'rename', 'shift', 'repeat'),
    by: replacement(words),
  });
  return fc.array(change, { minLength: 1, maxLength: most });
}

/** A copy of `value` with the changes. */
export function changed(value: Json, all: readonly Change[]): Json {
  const copy = structuredClone(value);
  for (const one of all) apply(copy, one);
  return copy;
}

function apply(whole: Json, { where, how, by }: Change): void {
  const places = placesOf(whole);
  if (places.length === 0) return;
  const [container, key] = places[where % places.length]!;
  const object = container as { [key: string]: Json };
  const old = object[key]!;
  const set = (name: string, value: Json): void => {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  };
  if (how === 'replace') set(key, by);
  else if (how === 'shift' && typeof old === 'number' && typeof by === 'number') set(key, old + by);
  else if (how === 'repeat' && Array.isArray(container)) container.push(structuredClone(old));
  else if (Array.isArray(container)) container.splice(Number(key), 1);
  else {
    delete object[key];
    if (how === 'rename') set(typeof by === 'string' ? by : JSON.stringify(by), old);
  }
}

/** Every place where something can be changed: a container and its key. */
function placesOf(value: Json, found: [Json[] | { [key: string]: Json }, string][] = []): typeof found {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    found.push([value, key]);
    placesOf(inner, found);
  }
  return found;
}

/** One change of bytes. */
export interface ByteChange {
  /** Where, as a share of the length. */
  readonly at: number;
  readonly removed: number;
  readonly inserted: Uint8Array;
}

export const byteChanges: fc.Arbitrary<ByteChange[]> = fc.array(
  fc.record<ByteChange>({
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    // Mostly as many as are inserted, so that what follows stays in its place.
    removed: fc.oneof(fc.constant(-1), fc.nat({ max: 40 }), fc.constant(1e9)),
    inserted: fc.oneof(
      fc.uint8Array({ maxLength: 9 }),
      fc.constantFrom(
        new Uint8Array(4).fill(255),
        new Uint8Array(8).fill(255),
        Uint8Array.of(0, 0, 0, 128),
        Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0),
        new Uint8Array(8),
      ),
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

export function changedBytes(bytes: Uint8Array, all: readonly ByteChange[]): Uint8Array {
  let result = bytes;
  for (const { at, removed, inserted } of all) {
    const from = Math.floor(at * result.length);
    const to = Math.min(result.length, from + (removed < 0 ? inserted.length : removed));
    const next = new Uint8Array(from + inserted.length + result.length - to);
    next.set(result.subarray(0, from));
    next.set(inserted, from);
    next.set(result.subarray(to), from + inserted.length);
    result = next;
  }
  return result;
}
