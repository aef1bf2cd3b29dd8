// A chat keeps the conversation in its cache, so each turn feeds only the new tokens. Models that were trained to chat have a template
// (`load` returns it as `chatTemplate`). The story model has none, so this example uses a plain dialogue.
import { bestEngine } from '@tokenwright/backends';
import { Chat, plainDialogue } from '@tokenwright/chat';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { temperature, topP } from '@tokenwright/samplers';

const { engine } = await bestEngine({ modelBytes: 0 });
const { model, tokenizer, dispose } = await load(demoModel(), { engine });

const chat = new Chat({ model, tokenizer, chatTemplate: plainDialogue });
chat.system = 'A conversation with an old captain.';
const options = { samplers: [temperature({ temperature: 0.8 }), topP({ p: 0.95 })], seed: 3, maxNewTokens: 24 };
for (const question of ['Where have you been?', 'What did you see there?']) {
  process.stdout.write(`> ${question}\n`);
  for await (const event of chat.send(question, { ...options, stopStrings: ['\nUser:'] })) {
    if (event.type === 'token') process.stdout.write(event.text ?? '');
    if (event.type === 'end')
      console.log(`\n(${event.usage.cachedTokens} of ${event.usage.promptTokens} prompt tokens were in the cache)`);
  }
}
chat.dispose();
dispose();
await engine.dispose();
