// A chat keeps what was said in its cache, so that each turn reads only what is new. Models that were trained to chat bring a template of
// their own (`load` gives it as chatTemplate); the story writer here is made to write a dialogue.
import { fusedWasm } from '@tokenwright/backends/wasm';
import { Chat, plainDialogue } from '@tokenwright/chat';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { temperature, topP } from '@tokenwright/samplers';

const engine = await fusedWasm().start();
const { model, tokenizer, dispose } = await load(demoModel(), { engine });

const chat = new Chat({ model, tokenizer, chatTemplate: plainDialogue });
chat.system = 'A conversation with an old captain.';
const options = { samplers: [temperature({ temperature: 0.8 }), topP({ p: 0.95 })], seed: 3, maxNewTokens: 24 };
for (const question of ['Where have you been?', 'What did you see there?']) {
  process.stdout.write(`> ${question}\n`);
  for await (const event of chat.send(question, { ...options, stopStrings: ['\nUser:'] })) {
    if (event.type === 'token') process.stdout.write(event.text ?? '');
    if (event.type === 'end')
      console.log(
        `\n(${event.usage.cachedTokens} of ${event.usage.promptTokens} tokens of the prompt were in the cache)`,
      );
  }
}
chat.dispose();
dispose();
await engine.dispose();
