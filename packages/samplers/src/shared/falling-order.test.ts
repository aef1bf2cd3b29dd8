import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fallingOrder } from './falling-order.ts';

const logit = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1, -1, -Infinity, 3.4028234663852886e38, -3.4028234663852886e38, 1e-45, -1e-45),
);

test('is the order of a sort', () => {
  fc.assert(
    fc.property(fc.array(logit, { maxLength: 80 }), fc.boolean(), (values, listed) => {
      const logits = Float32Array.from(values);
      const all = Array.from(logits.keys()).filter((id) => !listed || id % 3 !== 1);
      const expected = all
        .filter((id) => logits[id]! > -Infinity)
        .sort((a, b) => (logits[a] === logits[b] ? a - b : logits[b]! - logits[a]!));
      expect([...fallingOrder(logits, listed ? Int32Array.from(all) : undefined)]).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});
