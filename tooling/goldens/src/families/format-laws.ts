import { tfjs } from '@tokenwright/backends/tfjs';
import { fusedWasm } from '@tokenwright/backends/wasm';
import type { Engine } from '@tokenwright/core';
import type { WeightSource } from '@tokenwright/core/engine';
import { mappedWeights } from '@tokenwright/core/testing';
import { dequantize, type QuantizationFormat, quantize } from '@tokenwright/loaders/convert';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logitsOf, logitsStepwise } from '../generate/decoding/models.ts';
import { type FamilyCase, familyCases } from './cases.ts';
import { build, published, text } from './models.ts';

const others = [text.slice(3, 9), [1], text.slice(0, 20)];

/** Shares of the largest logit: activations are float32 beside half-precision weights, 16 bits beside integers. */
const tolerances: Readonly<Record<QuantizationFormat, number>> = {
  f16: 1e-4,
  '8-bit': 0.002,
  '8-bit-blocks': 0.002,
  '4-bit-blocks': 0.002,
};

/**
 * Every family on the fused WebAssembly engine with reduced weights: near the cpu backend with the same rounded weights, and the
 * same bits at once, token by token, and in a ragged batch.
 */
export function describeFormats(formats: readonly QuantizationFormat[]): void {
  describe.each(formats)('%s weights', (format) => {
    let engine: Engine;
    let judge: Engine;
    beforeAll(async () => {
      engine = await fusedWasm({ threads: 1, weights: format }).start();
      judge = await tfjs({ backend: 'cpu' }).start();
    });
    afterAll(async () => {
      expect(engine.memory()).toEqual({ bytes: 0, buffers: 0 });
      await engine.dispose();
      await judge.dispose();
    });

    it.each(familyCases.map((family) => [family.name, family] as const))('%s', async (_, family) => {
      const source = published(family);
      const right = await build(judge, family, rounded(family, source, format));
      const expected = (await logitsOf(right, [text])).logits[0]!;
      right.dispose();
      const model = await build(engine, family, source);
      try {
        const received = (await logitsOf(model, [text])).logits[0]!;
        const largest = Math.max(...expected.flatMap((row) => [...row].map(Math.abs)));
        for (const [i, row] of expected.entries())
          for (const [id, value] of row.entries())
            expect(Math.abs(received[i]![id]! - value)).toBeLessThan(tolerances[format] * largest);
        expect(await logitsStepwise(model, [text])).toEqual([received]);
        const together = (await logitsOf(model, [text, ...others])).logits;
        expect(together[0]).toEqual(received);
        for (const [i, other] of others.entries())
          expect(together[i + 1]).toEqual((await logitsOf(model, [other])).logits[0]);
      } finally {
        model.dispose();
      }
    });
  });
}

function rounded({ architecture, config }: FamilyCase, source: WeightSource, format: QuantizationFormat): WeightSource {
  return mappedWeights(architecture, architecture.configure(config), source, (rows, inputs) =>
    rows.set(dequantize(quantize(rows, inputs, format))),
  );
}
