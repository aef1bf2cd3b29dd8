import { LoadError, ShapeError } from '@tokenwright/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quantizedKey, withQuantized } from '../quantization/open-quantized.ts';
import { byteChanges, changed, changedBytes, changes, fuzzRuns, type Json } from '../testing/mutations.ts';
import { withHeader } from '../testing/safetensors-bytes.ts';
import { allocatingAtMost, refusal, watchedSource } from '../testing/survival.ts';
import { openSafetensors } from './safetensors.ts';

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

const words = ['F32', 'F16', 'F4', 'dtype', 'shape', 'data_offsets', '__metadata__'];

/** Open the file and read all of it. Only a LoadError may come of it, and nothing larger than the numbers of the file is allocated. */
async function survives(bytes: Uint8Array): Promise<boolean> {
  const source = watchedSource(bytes, 'fuzz.safetensors');
  const error = await refusal(() =>
    // A byte becomes four at most; tables of small floats take 256 KiB.
    allocatingAtMost(4 * bytes.length + (1 << 18), async () => {
      const weights = withQuantized(await openSafetensors(source));
      for (const name of weights.names()) {
        const values = await weights.read(name);
        const wanted = weights.shape(name)!.reduce((product, size) => product * size, 1);
        if (values.length !== wanted) throw new Error(`${name} has ${values.length} values instead of ${wanted}`);
      }
    }),
  );
  if (error === undefined) return true;
  expect(error instanceof LoadError || error instanceof ShapeError).toBe(true);
  expect(error.message).toMatch(/^fuzz\.safetensors: /);
  return false;
}

it('opens every right file', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(realHeader, async ({ header, size }) => {
      expect(await survives(withHeader(JSON.stringify(header), new Uint8Array(size)))).toBe(true);
    }),
    { numRuns: Math.ceil(fuzzRuns / 10) },
  );
});

it('answers every changed header with the file or a LoadError', { timeout: 600_000 }, async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      realHeader,
      changes(words),
      fc.integer({ min: -4, max: 4 }),
      async ({ header, size }, all, extra) => {
        const data = new Uint8Array(Math.max(0, size + (all.length === 1 ? 0 : extra)));
        if (!(await survives(withHeader(JSON.stringify(changed(header, all)), data)))) refused++;
      },
    ),
    { numRuns: fuzzRuns },
  );
  // The changes must matter, or the test shows nothing.
  expect(refused).toBeGreaterThan(fuzzRuns / 3);
});

it('answers every changed byte, cut and insertion with the file or a LoadError', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(realHeader, byteChanges, async ({ header, size }, all) => {
      await survives(changedBytes(withHeader(JSON.stringify(header), new Uint8Array(size)), all));
    }),
    { numRuns: fuzzRuns },
  );
});

it('answers every changed description of quantized tensors with the file or an error', {
  timeout: 600_000,
}, async () => {
  const description: Json = {
    a: { format: '8-bit', shape: [3, 5] },
    b: { format: '8-bit-blocks', shape: [40, 2], transposed: true },
    c: { format: '4-bit-blocks', shape: [2, 33] },
  };
  const tensors: Json = {};
  let end = 0;
  for (const [name, dtype, shape, bytes] of [
    ['a.packed', 'I8', [3, 5], 15],
    ['a.scales', 'F32', [3], 12],
    ['b.packed', 'I8', [2, 40], 80],
    ['b.scales', 'F16', [2, 2], 8],
    ['c.packed', 'U8', [2, 32], 64],
    ['c.scales', 'F16', [2, 2], 8],
    ['d', 'F32', [2], 8],
  ] as const) {
    tensors[name] = { dtype, shape: [...shape], data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const fileOf = (described: Json, names: Json): Uint8Array =>
    withHeader(
      JSON.stringify({ __metadata__: { [quantizedKey]: JSON.stringify(described) }, ...(names as object) }),
      new Uint8Array(end).fill(7),
    );
  expect(await survives(fileOf(description, tensors))).toBe(true);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(
      changes([...words, '8-bit', '4-bit-blocks', 'format', 'transposed', 'a', 'd'], 2),
      fc.boolean(),
      async (all, ofNames) => {
        const file = ofNames ? fileOf(description, changed(tensors, all)) : fileOf(changed(description, all), tensors);
        if (!(await survives(file))) refused++;
      },
    ),
    { numRuns: fuzzRuns },
  );
  expect(refused).toBeGreaterThan(fuzzRuns / 3);
});
