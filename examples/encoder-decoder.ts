// An encoder-decoder model, bound to source texts, is a language model like others: samplers and strategies apply.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generate } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { loadSequenceToSequence } from '@tokenwright/loaders';
import { beamSearch } from '@tokenwright/strategies';

const engine = await tfjs({ backend: 'wasm' }).start();
const { sequenceToSequence, tokenizer } = await loadSequenceToSequence(demoModel('translate'), { engine });

const sentences = ['Der Hund läuft.', 'Die alte Frau sieht den kleinen Hund.'];
const model = await sequenceToSequence.encode({ ids: sentences.map((sentence) => tokenizer.encode(sentence)) });
const { texts } = await generate(model, [[], []], {
  tokenizer,
  strategy: beamSearch({ numBeams: 4 }),
});
for (const [row, text] of texts.entries()) console.log(`${sentences[row]} -> ${text}`);
model.dispose();
