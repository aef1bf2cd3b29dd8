import { LoadError } from '@tokenwright/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ByteSource, bytesSource } from './byte-source.ts';
import { openSafetensors } from './safetensors.ts';
import { concatenated, withHeader } from './testing/safetensors-bytes.ts';

/** `pnpm run test:fuzz` asks for more. */
const runs = Number(process.env.FUZZ_RUNS ?? 3000);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A right header, as text of entries, with as many bytes as its data takes. */
const realHeader = fc
  .array(
    fc.record({
      name: fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('h.0.ln_1.weight', '__proto__', 'wte.weight')),
      dtype: fc.constantFrom(['F64', 8], ['F32', 4], ['F16', 2], ['BF16', 2], ['F8_E4M3', 1], ['I64', 8], [
        'BOOL',
        1,
      ] as const),
      shape: fc.array(fc.nat({ max: 5 }), { maxLength: 4 }),
    }),
    { maxLength: 6 },
  )
  .map((tensors) => {
    const entries = new Map<string, Json>();
    let end = 0;
    for (const { name, dtype, shape } of tensors) {
      if (name === '__metadata__' || entries.has(name)) continue;
      const begin = end;
      end += shape.reduce((product, size) => product * size, dtype[1] as number);
      entries.set(name, { dtype: dtype[0]!, shape, data_offsets: [begin, end] });
    }
    return { header: Object.fromEntries(entries) as Json, size: end };
  });

/** Numbers at the borders of what a length may be. */
const number = fc.oneof(
  fc.integer({ min: -3, max: 200 }),
  fc.constantFrom(-0, 0.5, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 2 ** 64, 1e308),
);
const replacement: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: number },
  { weight: 1, arbitrary: fc.constantFrom(null, true, '', 'F32', 'F16', 'F4', 'constructor', 'null') },
  { weight: 1, arbitrary: fc.array(number, { maxLength: 5 }) },
  {
    weight: 1,
    arbitrary: fc.dictionary(fc.constantFrom('dtype', 'shape', 'data_offsets', 'x'), number) as fc.Arbitrary<Json>,
  },
);

interface Change {
  readonly where: number;
  readonly how: 'replace' | 'remove' | 'rename' | 'shift';
  readonly by: Json;
}
const change: fc.Arbitrary<Change> = fc.record({
  where: fc.nat({ max: 200 }),
  how: fc.constantFrom('replace', 'remove', 'rename', 'shift'),
  by: replacement,
});

/** Every place in the header where something can be changed: a container and its key. */
function placesOf(value: Json, found: [Json[] | { [key: string]: Json }, string][] = []): typeof found {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    found.push([value, key]);
    placesOf(inner, found);
  }
  return found;
}

function apply(header: Json, { where, how, by }: Change): void {
  const places = placesOf(header);
  if (places.length === 0) return;
  const [container, key] = places[where % places.length]!;
  const object = container as { [key: string]: Json };
  const old = object[key]!;
  const set = (name: string, value: Json): void => {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  };
  if (how === 'replace') set(key, by);
  else if (how === 'shift' && typeof old === 'number' && typeof by === 'number') set(key, old + by);
  else if (Array.isArray(container)) container.splice(Number(key), 1);
  else {
    delete object[key];
    if (how === 'rename') set(JSON.stringify(by), old);
  }
}

/** Open the file and read all of it. Only a LoadError may come of it, and no read may reach beyond the file. */
async function survives(bytes: Uint8Array): Promise<boolean> {
  const inner = bytesSource(bytes, 'fuzz.safetensors');
  const source: ByteSource = {
    ...inner,
    async read(from, to) {
      if (!(from >= 0 && from <= to && to <= bytes.length)) throw new Error(`read ${from} to ${to} of ${bytes.length}`);
      return inner.read(from, to);
    },
  };
  try {
    const weights = await openSafetensors(source);
    for (const name of weights.names()) {
      const values = await weights.read(name);
      const wanted = weights.shape(name)!.reduce((product, size) => product * size, 1);
      if (values.length !== wanted) throw new Error(`${name} has ${values.length} values instead of ${wanted}`);
    }
    return true;
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    expect(error.message).toMatch(/^fuzz\.safetensors: /);
    return false;
  }
}

it('opens every right file', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(realHeader, async ({ header, size }) => {
      expect(await survives(withHeader(JSON.stringify(header), new Uint8Array(size)))).toBe(true);
    }),
    { numRuns: Math.ceil(runs / 10) },
  );
});

it('answers every changed header with the file or a LoadError', { timeout: 600_000 }, async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      realHeader,
      fc.array(change, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: -4, max: 4 }),
      async ({ header, size }, changes, extra) => {
        for (const one of changes) apply(header, one);
        const data = new Uint8Array(Math.max(0, size + (changes.length === 1 ? 0 : extra)));
        if (!(await survives(withHeader(JSON.stringify(header), data)))) refused++;
      },
    ),
    { numRuns: runs },
  );
  // The changes must matter, or the test shows nothing.
  expect(refused).toBeGreaterThan(runs / 2);
});

it('answers every changed byte, cut and insertion with the file or a LoadError', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      realHeader,
      fc.nat({ max: 400 }),
      fc.nat({ max: 400 }),
      fc.uint8Array({ maxLength: 9 }),
      async ({ header, size }, from, length, insert) => {
        const bytes = withHeader(JSON.stringify(header), new Uint8Array(size));
        const at = from % (bytes.length + 1);
        await survives(
          concatenated([bytes.subarray(0, at), insert, bytes.subarray(Math.min(bytes.length, at + length))]),
        );
        const patched = bytes.slice();
        patched.set(insert.subarray(0, bytes.length - at), at);
        await survives(patched);
      },
    ),
    { numRuns: runs },
  );
});
