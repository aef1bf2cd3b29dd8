import { type EndEvent, generate, type OptionSource, type Sampler } from '@tokenwright/core';
import { printChain } from '@tokenwright/samplers';
import type { Command, Given } from '../cli/command.ts';
import { interrupt } from '../cli/interrupt.ts';
import { readText } from '../cli/prompt.ts';
import { generateFlags, optionsOf } from '../options/generate-flags.ts';
import { generalFlags, modelFlags, type Session, tell, withModel } from '../session.ts';
import { jsonLine } from '../show/json.ts';
import { rateLine } from '../show/rate.ts';

export const generateCommand: Command = {
  name: 'generate',
  summary: 'Continue a text',
  about:
    'Continue a text, and print what comes as it comes. The prompt is the argument, or standard input.\n' +
    'Without a sampler flag the chain is the one that the model asks for in generation_config.json; for the model that comes ' +
    'along that is --temperature 0.8 --top-p 0.95.',
  operands: ['[prompt]'],
  examples: [
    ['tokenwright generate "It was a dark night"', 'go on from here'],
    ['tokenwright generate "The whale" --greedy --max-new-tokens 40', 'no chance at all'],
    ['tokenwright generate "The whale" --temperature 1.2 --min-p 0.1 --seed 7', 'two samplers, in this order'],
    ['tokenwright generate --top-p 0.9,border=at-most < prompt.txt', 'a sampler with a second parameter'],
    ['tokenwright generate "Once" --json --top-logprobs 3 | jq .text', 'one event a line, for programs'],
  ],
  flags: [
    { name: 'echo', short: 'e', help: 'Print the prompt too.', group: 'Output' },
    { name: 'json', help: 'One event a line, as JSON, instead of text.', group: 'Output' },
    { name: 'quiet', short: 'q', help: 'No line about speed at the end.', group: 'Output' },
    ...generateFlags,
    ...modelFlags,
    ...generalFlags,
  ],
  async run(given) {
    const prompt = await readText(given.operands[0], 'prompt');
    return withModel(given, (session) => stream(given, session, prompt));
  },
};

/** Print the events of one call. Returns the status to leave with. */
export async function stream(given: Given, session: Session, prompt: string): Promise<number | undefined> {
  const { model, tokenizer } = session;
  const options = optionsOf(given, session);
  const json = given.has('json');
  const separate = (options.sequences ?? 1) > 1;
  const ends: EndEvent[] = [];
  let lineBegun = given.has('echo') && !json;
  if (lineBegun) process.stdout.write(prompt);
  try {
    for await (const event of generate(model, tokenizer.encode(prompt), options)) {
      if (event.type === 'end') ends.push(event);
      if (json) process.stdout.write(jsonLine(event));
      else if (separate) {
        if (event.type === 'end') process.stdout.write(`--- ${event.sequence + 1}\n${event.text}\n`);
      } else if (event.type === 'token') {
        lineBegun = true;
        process.stdout.write(event.text ?? '');
      } else if (event.type === 'end') {
        lineBegun = false;
        process.stdout.write(`${event.tail ?? ''}\n`);
      }
    }
  } finally {
    if (lineBegun) process.stdout.write('\n');
  }
  const [first] = ends;
  if (first !== undefined) {
    const { samplers, seed } = first.options;
    tell(given, `chain: ${printChain(samplers?.value as Sampler[])}, from the ${sourceOf(given, samplers?.source)}`);
    tell(given, `seed: ${seed?.value}`);
  }
  if (!given.has('quiet')) process.stderr.write(`${rateLine(ends)}\n`);
  return interrupt.status;
}

function sourceOf(given: Given, source: OptionSource | undefined): string {
  if (source === 'call') return 'command line';
  if (source === 'preset') return given.has('preset') ? 'preset' : "model's generation_config.json";
  return 'library';
}
