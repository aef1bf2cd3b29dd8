// Continues a serialized state of the demo model: node continue-state.ts PATH ENGINE. Prints the next ids and text.
import { readFileSync } from 'node:fs';
import { selectEngine } from '@tokenwright/backends';
import { tfjs } from '@tokenwright/backends/tfjs';
import { fusedWasm } from '@tokenwright/backends/wasm';
import { DecodingState, generate } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { travelingOptions } from '../traveling-options.ts';

const [path = '', engineName = ''] = process.argv.slice(2);
const engine = await selectEngine([engineName === 'fused' ? fusedWasm({ threads: 1 }) : tfjs({ backend: 'wasm' })]);
const { model, tokenizer, dispose } = await load(demoModel(), { engine });
const state = DecodingState.restore(model, readFileSync(path), { tokenizer });
const { ids, texts } = await generate(model, state, travelingOptions);
process.stdout.write(JSON.stringify({ ids: ids[0], text: texts[0] }));
state.dispose();
dispose();
await engine.dispose();
