// The reply is JSON that conforms to a schema: tokens that cannot lead there are never sampled. The story model knows no JSON,
// so what it says is nonsense, but it always parses.
import { bestEngine } from '@tokenwright/backends';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { constrain, jsonSchema, tokenizerVocabulary } from '@tokenwright/grammar';
import { load } from '@tokenwright/loaders';
import { temperature } from '@tokenwright/samplers';

const { engine } = await bestEngine({ modelBytes: 0 });
const { model, tokenizer, dispose } = await load(demoModel(), { engine });

const schema = {
  type: 'object',
  properties: {
    ship: { type: 'string', pattern: '^[A-Z][a-z]{2,8}$' },
    crew: { type: 'integer', minimum: 1, maximum: 99 },
    cargo: { type: 'array', items: { enum: ['salt', 'tea', 'silk'] }, minItems: 1, uniqueItems: true },
  },
  required: ['ship', 'crew', 'cargo'],
  additionalProperties: false,
};
// A weak model would idle in white space.
const automaton = jsonSchema(schema, { whitespaceFlexible: false });
const samplers = [
  constrain({ automaton, vocabulary: tokenizerVocabulary(tokenizer) }),
  temperature({ temperature: 0.8 }),
];
const { text } = await generateText(model, tokenizer, 'The captain wrote: ', { samplers, seed: 3, maxNewTokens: 100 });
console.log(JSON.parse(text));
dispose();
await engine.dispose();
