// Beam search keeps the best hypotheses at each step and returns several sequences with their scores.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generate } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { noRepeatNgram } from '@tokenwright/samplers';
import { beamSearch } from '@tokenwright/strategies';

const engine = await tfjs({ backend: 'wasm' }).start();
const { model, tokenizer } = await load(demoModel(), { engine });

const prompt = 'Alice was beginning to get very tired of';
const { sequences } = await generate(model, tokenizer.encode(prompt), {
  tokenizer,
  strategy: beamSearch({ numBeams: 4 }),
  numReturnSequences: 3,
  samplers: [noRepeatNgram({ size: 3 })],
  maxNewTokens: 16,
});
for (const { text, score } of sequences) console.log(`${score!.toFixed(3)}  ${prompt}${text}`);
