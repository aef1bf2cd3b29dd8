import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DecodingState, generate } from '@tokenwright/core';
import { afterAll, expect, test } from 'vitest';
import { jsonVocabulary, textOf } from './json-tokens.ts';
import { travelingCall, travelingModel } from './traveling-call.ts';

const script = fileURLToPath(new URL('../scripts/continue-grammar.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tokenwright-grammar-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Ids up to some length, the state after them, and what follows in this process. */
async function begun(
  seed: number,
  length: number,
): Promise<{ before: readonly number[]; bytes: Uint8Array; after: readonly number[] }> {
  const model = travelingModel();
  const state = DecodingState.open(model, [5, 6, 4], { seed });
  const call = travelingCall();
  const first = await generate(model, state, { ...call, maxNewTokens: length });
  const bytes = await state.serialize();
  const rest = await generate(model, state, call);
  state.dispose();
  return { before: first.ids[0]!, bytes, after: rest.ids[0]! };
}

test('a saved state continues in another process, with a grammar that is compiled there', async () => {
  const { before, bytes, after } = await begun(3, 6);
  const path = join(folder, 'state.twst');
  writeFileSync(path, bytes);
  const printed = execFileSync(process.execPath, ['--conditions=@tokenwright/source', script, path], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(JSON.parse(printed)).toEqual(after);
  const text = textOf([...before, ...after], jsonVocabulary());
  expect(JSON.parse(text)).toHaveProperty('b');
}, 120_000);

test.each([1, 2, 4, 9])('a saved state of %i tokens continues with a freshly compiled grammar', async (length) => {
  const { before, bytes, after } = await begun(length, length);
  const model = travelingModel();
  const state = DecodingState.restore(model, bytes);
  const { ids } = await generate(model, state, travelingCall());
  expect(before).toHaveLength(length);
  expect(ids[0]).toEqual(after);
  expect(after.length).toBeGreaterThan(0);
  state.dispose();
});
