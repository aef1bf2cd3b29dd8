import type { Command } from '../cli/command.ts';
import { Given } from '../cli/command.ts';
import { report } from '../cli/output.ts';
import { paintFor } from '../cli/terminal.ts';
import { generalFlags, modelFlags, withModel } from '../session.ts';
import { stream } from './generate.ts';

const prompt = 'It was a dark and stormy night, and the old captain';

export const demoCommand: Command = {
  name: 'demo',
  about: 'Write a paragraph with the small bundled model. Nothing is downloaded.',
  operands: [],
  examples: [
    ['tokenwright demo', 'another paragraph each time'],
    ['tokenwright demo --seed 3', 'the same one each time'],
  ],
  flags: [
    { name: 'json', help: 'One event per line, as JSON, instead of text.', group: 'Output' },
    { name: 'seed', short: 's', value: 'N', help: 'The same seed gives the same text. Default: any.', group: 'Output' },
    ...modelFlags,
    ...generalFlags,
  ],
  async run(given) {
    const paint = paintFor(process.stderr);
    const aside = (text: string): void => {
      if (!given.has('json')) report(paint('dim', text));
    };
    aside('A model of 5.9 million parameters, trained on 28 old English books, continues a few words.\n\n');
    const settings = new Given(
      [],
      [...given.ordered, { name: 'echo', value: undefined }, { name: 'max-new-tokens', value: '120' }],
    );
    const status = await withModel(given, (session) => stream(settings, session, prompt));
    aside('\nNext: tokenwright explain "It was a dark"   tokenwright generate "The whale" --greedy\n');
    return status;
  },
};
