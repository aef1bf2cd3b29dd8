import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { tfjs } from '@tokenwright/backends/tfjs';
import { fusedWebgpu } from '@tokenwright/backends/webgpu';
import type { Engine } from '@tokenwright/core';
import { engineCases } from '@tokenwright/core/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { logitsOf, logitsStepwise } from '../generate/decoding/models.ts';
import { familyCases } from './cases.ts';
import { build, distance, inFloat64, published, text } from './models.ts';

const engine = await start();

describe.skipIf(engine === undefined)('every family on the fused WebGPU engine', () => {
  afterAll(() => engine!.dispose());

  // A software driver takes about a second to compile each kernel.
  it.each(familyCases.map((family) => [family.name, family] as const))(
    '%s: the logits of the reference form, at once and step by step',
    async (_, family) => {
      const source = published(family);
      const expected = await inFloat64(family, source, family.config);
      const model = await build(engine!, family, source);
      try {
        const { logits } = await logitsOf(model, [text]);
        const stepwise = await logitsStepwise(model, [text]);
        for (const [position, wanted] of expected.entries()) {
          expect(distance(logits[0]![position]!, wanted)).toBeLessThan(1e-4);
          expect(distance(stepwise[0]![position]!, wanted)).toBeLessThan(1e-4);
        }
      } finally {
        model.dispose();
      }
      expect(engine!.memory()).toEqual({ bytes: 0, buffers: 0 });
    },
    300_000,
  );
});

/** One model of each family: ragged rows, empty rows, several caches, gather, truncate, hidden states and early exits. */
describe.skipIf(engine === undefined)('frames of every kind, by every family on the fused WebGPU engine', () => {
  const models = [...new Map(familyCases.map((family) => [family.architecture, family])).values()].map(
    ({ architecture, config }) => ({ architecture, config: architecture.configure(config) }),
  );
  const cases = engineCases(() => fusedWebgpu().start(), { judge: () => tfjs({ backend: 'cpu' }).start(), models });
  for (const { name, run } of cases.filter(({ name }) => /the judge's logits|nothing on the engine/.test(name)))
    it(name, run, 300_000);
});

/** The engine, on the software driver of Debian's chromium package where there is no other; undefined, after a line with the reason, when it does not start. */
async function start(): Promise<Engine | undefined> {
  const swiftshader = '/usr/lib/chromium/vk_swiftshader_icd.json';
  if (existsSync(swiftshader)) process.env.VK_ICD_FILENAMES ??= swiftshader;
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  try {
    return await fusedWebgpu().start();
  } catch (error) {
    if (process.env.CI) throw error;
    process.stderr.write(`\n*** SKIPPED: every family on WebGPU: ${(error as Error).message}\n\n`);
    return undefined;
  }
}
