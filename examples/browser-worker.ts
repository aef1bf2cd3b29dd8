// In a browser, run the model in a Worker so that the page stays responsive. This file is both the page and the Worker.
import { bestEngine } from '@tokenwright/backends';
import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { temperature, topP } from '@tokenwright/samplers';

const prompt = 'Once upon a time there was a king who';
const samplers = [temperature({ temperature: 0.8 }), topP({ p: 0.95 })];

if ('document' in globalThis) {
  const worker = new Worker(new URL('./browser-worker.ts', import.meta.url), { type: 'module' });
  const text = document.body.appendChild(document.createElement('p'));
  text.textContent = prompt;
  worker.onmessage = ({ data }: MessageEvent<string | null>) => {
    if (data !== null) text.append(data);
    else console.log(text.textContent);
    document.title = data === null ? 'done' : 'writing …';
  };
  worker.onerror = ({ message }) => console.error(message);
} else {
  const { engine } = await bestEngine({ modelBytes: 0, fallbacks: [tfjs({ backend: 'cpu' })] });
  const { model, tokenizer, dispose } = await load(demoModel(), { engine });
  for await (const piece of generateText(model, tokenizer, prompt, { samplers, seed: 7, maxNewTokens: 40 }))
    postMessage(piece);
  postMessage(null);
  dispose();
  await engine.dispose();
}
