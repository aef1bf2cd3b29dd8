import { History, Random } from '@tokenwright/core';
import { applyChain, HostRow, RunState } from '@tokenwright/core/sampling';
import { repetitionPenalty, temperature, topK, topP } from '@tokenwright/samplers';
import { expect, it } from 'vitest';
import { invert, runningSum } from '../seeds/inversion.ts';
import { logitsLikeAModels } from './logits.ts';
import { naiveChain, sortEverything } from './naive-chain.ts';

const settings = { penalty: 1.3, k: 20, p: 0.9, temperature: 0.7 };

it('leaves the distribution that the samplers of the library leave', () => {
  const logits = logitsLikeAModels(600);
  const history = History.of([5, 17, 5, 300, 599]);
  const chain = [
    repetitionPenalty({ penalty: settings.penalty }),
    topK({ k: settings.k }),
    topP({ p: settings.p }),
    temperature({ temperature: settings.temperature }),
  ];
  for (let i = 0; i < 200; i++) {
    const uniform = (i + 0.5) / 200;
    const row = new HostRow(logits.slice(), {
      history,
      sequence: 0,
      promptLength: 5,
      vocabSize: 600,
      eosTokenIds: [],
      maxLength: 1000,
      random: new Random(1),
      state: new RunState(),
    });
    applyChain(row, chain);
    expect(naiveChain(logits, history.tokens, uniform, settings)).toBe(invert(runningSum(row.logits), uniform));
  }
});

it('sorts in descending order of logit; on ties, the lower id first', () => {
  const { ids, probabilities } = sortEverything(Float32Array.of(1, 3, -Infinity, 3));
  expect([...ids]).toEqual([1, 3, 0, 2]);
  expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
  expect(probabilities[2]).toBe(0);
});
