#!/usr/bin/env node
import { defineCommand, runMain } from 'citty';

const demo = defineCommand({
  meta: { name: 'demo', description: 'Print text from the small bundled model' },
  run() {
    console.log('The demo is not written yet.');
  },
});

await runMain(
  defineCommand({
    meta: { name: 'tokenwright', description: 'Autoregressive decoding on TensorFlow.js' },
    subCommands: { demo },
  }),
);
