// Continues a serialized state of a toy model under a grammar that is compiled here: node continue-grammar.ts PATH. Prints the next ids.
import { readFileSync } from 'node:fs';
import { DecodingState, generate } from '@tokenwright/core';
import { travelingCall, travelingModel } from '../grammar/traveling-call.ts';

const model = travelingModel();
const state = DecodingState.restore(model, readFileSync(process.argv[2]!));
const { ids } = await generate(model, state, travelingCall());
process.stdout.write(JSON.stringify(ids[0]));
state.dispose();
