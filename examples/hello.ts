// The shortest program: one import, a model, and its text. `stream` yields pieces; `generate` returns the finished text.
import { languageModel } from 'tokenwright';

await using lm = await languageModel('story');
for await (const piece of lm.stream('Once upon a time', { maxNewTokens: 40 })) process.stdout.write(piece);

const { text, finishReason, usage } = await lm.generate('Once upon a time', {
  temperature: 0.8,
  topP: 0.95,
  seed: 7,
  stopStrings: ['.'],
});
console.log(`\n${text} (${finishReason}, ${usage.completionTokens} tokens)`);
