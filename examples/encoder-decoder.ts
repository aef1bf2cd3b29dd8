// `encode` binds an encoder-decoder model to its source texts. The result is a language model: all samplers and strategies apply.
import { tfjs } from '@tokenwright/backends/tfjs';
import { generate } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { loadSequenceToSequence } from '@tokenwright/loaders';
import { beamSearch } from '@tokenwright/strategies';

const engine = await tfjs({ backend: 'wasm' }).start();
const { sequenceToSequence, tokenizer, sourceTokenizer } = await loadSequenceToSequence(demoModel('translate'), {
  engine,
});

const sentences = ['Der Hund läuft.', 'Die alte Frau sieht den kleinen Hund.'];
const model = await sequenceToSequence.encode({ ids: sentences.map((sentence) => sourceTokenizer.encode(sentence)) });
const { sequences } = await generate(model, [[], []], { tokenizer, strategy: beamSearch({ numBeams: 4 }) });
for (const { promptIndex, text } of sequences) console.log(`${sentences[promptIndex]} -> ${text}`);
model.dispose();
