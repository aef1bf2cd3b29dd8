import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DecodingState, generate } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testEngine } from './engines.ts';
import { travelingOptions } from './traveling-options.ts';

const script = fileURLToPath(new URL('scripts/continue-state.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tokenwright-state-'));
const path = join(folder, 'state.twst');
let expected: { ids: readonly number[]; text: string };

beforeAll(async () => {
  const engine = (await testEngine('cpu'))!;
  const { model, tokenizer, dispose } = await load(demoModel(), { engine });
  const state = DecodingState.open(model, tokenizer.encode('Once upon a time'), { seed: 7, tokenizer });
  await generate(model, state, travelingOptions);
  writeFileSync(path, await state.serialize());
  const { ids, texts } = await generate(model, state, travelingOptions);
  expected = { ids: ids[0]!, text: texts[0]! };
  state.dispose();
  dispose();
  await engine.dispose();
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

test.each(['wasm', 'fused'])(
  'a state saved on cpu continues with the same tokens in another process on the engine %s',
  (engine) => {
    const printed = execFileSync(process.execPath, ['--conditions=@tokenwright/source', script, path, engine], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(expected.ids).toHaveLength(12);
    expect(JSON.parse(printed)).toEqual(expected);
  },
  60_000,
);
