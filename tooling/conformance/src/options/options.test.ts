import { generate } from '@tokenwright/core';
import { describe, expect, test } from 'vitest';
import { backendTargets } from './backend-targets.ts';
import { chatTargets } from './chat-targets.ts';
import { contrastiveTargets } from './contrastive-targets.ts';
import { coreTargets, toy } from './core-targets.ts';
import { frontDoorTargets } from './front-door-targets.ts';
import { grammarTargets } from './grammar-targets.ts';
import { loaderTargets } from './loader-targets.ts';
import { expectSound, sampleOf } from './sample.ts';
import { samplerTargets } from './sampler-targets.ts';
import { strategyTargets } from './strategy-targets.ts';

describe('a value that no caller means works or is refused by its name', () => {
  test.each([
    ['core', coreTargets],
    ['samplers', samplerTargets],
    ['strategies', strategyTargets],
    ['contrastive', contrastiveTargets],
    ['chat', chatTargets],
    ['backends', backendTargets],
    ['loaders', loaderTargets],
    ['tokenwright', frontDoorTargets],
    ['grammar', grammarTargets],
  ])('%s', { timeout: 60_000 }, async (_, targets) => {
    await expectSound(sampleOf({ targets, size: 300 }));
  });

  test('the model is as usable as before, and nothing stays allocated', async () => {
    const { ids } = await generate(toy, [1, 2], { seed: 1, maxNewTokens: 5 });
    await expectSound(sampleOf({ targets: coreTargets.slice(0, 3), size: 200, seed: 7 }));
    expect((await generate(toy, [1, 2], { seed: 1, maxNewTokens: 5 })).ids).toEqual(ids);
    expect(toy.live.size).toBe(0);
  });
});
