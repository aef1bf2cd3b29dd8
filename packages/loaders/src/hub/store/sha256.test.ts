import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Sha256 } from './sha256.ts';

const expected = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

it('gives the digests of FIPS 180-4', () => {
  expect(new Sha256().digest()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(new Sha256().update(new TextEncoder().encode('abc')).digest()).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

it.each([0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000])('agrees with Node for %d bytes', (length) => {
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 131) & 255);
  expect(new Sha256().update(bytes).digest()).toBe(expected(bytes));
});

it('gives the same digest however the bytes are split', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (parts) => {
      const hash = new Sha256();
      for (const part of parts) hash.update(part);
      expect(hash.digest()).toBe(expected(Buffer.concat(parts)));
    }),
  );
});
