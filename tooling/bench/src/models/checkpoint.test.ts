import { existsSync } from 'node:fs';
import { gpt2 } from '@tokenwright/core/architectures';
import { seededWeights } from '@tokenwright/core/testing';
import { folder, openWeights } from '@tokenwright/loaders';
import { expect, it } from 'vitest';
import { writeCheckpoint } from './checkpoint.ts';
import { tiny } from './shapes.ts';

it('writes what it was seeded with, and leaves nothing behind', async () => {
  const checkpoint = await writeCheckpoint(tiny);
  const { folder: path } = checkpoint;
  const written = await openWeights(folder(path));
  const seeded = seededWeights(gpt2, gpt2.configure(tiny.config), { deviation: 0.02 });
  expect([...written.names()].sort()).toEqual([...seeded.names()].sort());
  for (const name of ['wte.weight', 'h.3.mlp.c_proj.weight', 'ln_f.bias']) {
    expect(written.shape(name)).toEqual(seeded.shape(name));
    expect(await written.read(name)).toEqual(await seeded.read(name));
  }
  await checkpoint[Symbol.asyncDispose]();
  expect(existsSync(path)).toBe(false);
});
