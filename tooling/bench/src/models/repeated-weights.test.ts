import { gpt2 } from '@tokenwright/core/architectures';
import { seededWeights } from '@tokenwright/core/testing';
import { expect, it } from 'vitest';
import { repeatedWeights } from './repeated-weights.ts';
import { tiny } from './shapes.ts';

const config = gpt2.configure(tiny.config);

it('has the tensors of a model, about normal and of the deviation that models start with', async () => {
  const [received, expected] = [repeatedWeights(gpt2, config), seededWeights(gpt2, config)];
  expect(received.names()).toEqual(expected.names());
  const [table, again] = [await received.read('wte.weight'), await received.read('wte.weight')];
  expect(table).toHaveLength(512 * 128);
  expect(again).toEqual(table);
  const mean = table.reduce((sum, value) => sum + value, 0) / table.length;
  const deviation = Math.sqrt(table.reduce((sum, value) => sum + (value - mean) ** 2, 0) / table.length);
  expect(Math.abs(mean)).toBeLessThan(0.001);
  expect(deviation).toBeCloseTo(0.02, 3);
  expect(new Set(await received.read('h.0.ln_1.weight'))).toEqual(new Set([1]));
});
