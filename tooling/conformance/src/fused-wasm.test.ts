import { fusedWasm } from '@tokenwright/backends/wasm';
import { engineCases } from '@tokenwright/core/testing';
import { describe, test } from 'vitest';
import { testEngine } from './engines.ts';

const judge = async () => (await testEngine('cpu'))!;

describe('the fused WebAssembly engine', () => {
  const cases = engineCases(() => fusedWasm({ threads: 1 }).start(), {
    judge,
    kinds: ['static', 'dynamic'],
    breakEachTensor: true,
  });
  for (const { name, run } of cases) test(name, run, 60_000);
});
