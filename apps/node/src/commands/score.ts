import { encodePrompt, type ScoredText, score } from '@tokenwright/core';
import type { Command, Given } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { interrupt } from '../cli/interrupt.ts';
import { print } from '../cli/output.ts';
import { readText } from '../cli/prompt.ts';
import { note } from '../cli/tell.ts';
import { paintFor, usesColors, widthOf } from '../cli/terminal.ts';
import { samplerFlags, samplersOf } from '../options/sampler-flags.ts';
import { generalFlags, modelFlags, type Session, withModel } from '../session.ts';
import { jsonLine } from '../show/json.ts';
import { heatLines, scoreLines } from '../show/score.ts';
import { tokenText } from '../show/token.ts';
import { watchPrefill } from '../watch-prefill.ts';

const group = 'Scoring';

export const scoreCommand: Command = {
  name: 'score',
  about:
    'Read a text in one pass and show how the model predicted each token: probability, log-probability ' +
    '(natural) and rank, with the total and the perplexity. With sampler flags, also which tokens the chain would have allowed.',
  operands: ['[text]'],
  examples: [
    ['tokenwright score "The king went to the forest."', 'each token, and the perplexity'],
    ['tokenwright score --json < chapter.txt | jq .perplexity', 'for programs'],
    ['tokenwright score "The king went to the forest." --top-k 20', 'which words top-k 20 would have made impossible'],
  ],
  flags: [
    { name: 'json', help: 'One JSON object instead of the table.', group: 'Output' },
    { name: 'top', value: 'N', help: 'With --json, also the N best tokens at each place.', group: 'Output' },
    { name: 'prompt-length', value: 'N', help: 'The first N tokens are given, not scored. Default 1.', group },
    { name: 'chunk', value: 'N', help: 'Read at most N tokens per pass. Default 128.', group },
    { name: 'seed', short: 's', value: 'N', help: 'For samplers that use random numbers. Default 0.', group },
    ...samplerFlags.filter(({ name }) => name !== 'preset'),
    ...modelFlags,
    ...generalFlags,
  ],
  async run(given) {
    const text = await readText(given.operands[0], 'text');
    if (given.has('top') && !given.has('json')) note('--top has no effect without --json.');
    for (const [flag, least] of [
      ['top', 1],
      ['prompt-length', 1],
      ['chunk', 1],
      ['seed', 0],
    ] as const) {
      const value = given.number(flag);
      if (value !== undefined && !(Number.isInteger(value) && value >= least))
        throw misuse(`--${flag} must be an integer of at least ${least}, but ${value} was given.`);
    }
    return withModel(given, (session) => scoreText(given, session, text));
  },
};

async function scoreText(given: Given, { model, tokenizer }: Session, text: string): Promise<number | undefined> {
  const ids = encodePrompt(tokenizer, text);
  const optional = (name: string, flag: string): object => (given.has(flag) ? { [name]: given.number(flag) } : {});
  const scored = await score(
    watchPrefill(model, () => ids.length - 1, 'reading the text'),
    ids,
    {
      samplers: samplersOf(given.ordered, tokenizer),
      signal: interrupt.signal,
      ...optional('promptLength', 'prompt-length'),
      ...optional('chunk', 'chunk'),
      ...optional('seed', 'seed'),
      ...optional('top', 'top'),
    },
  );
  if (given.has('json')) print(jsonLine(withTexts(scored, (id) => tokenText(tokenizer, id))));
  else {
    const style = { paint: paintFor(process.stdout), width: Math.min(100, widthOf(process.stdout)) };
    const heat = usesColors(process.stdout) ? heatLines(ids, scored, tokenizer, style) : [];
    print(`${[...heat, ...scoreLines(scored, text, tokenizer, style)].join('\n')}\n`);
  }
  return interrupt.status;
}

function withTexts(scored: ScoredText, textOf: (id: number) => string): object {
  const named = <Entry extends { readonly id: number }>(entry: Entry): Entry & { text: string } => ({
    ...entry,
    text: textOf(entry.id),
  });
  return {
    ...scored,
    tokens: scored.tokens.map(({ top, ...token }) => ({
      ...named(token),
      ...(top === undefined ? {} : { top: top.map(named) }),
    })),
  };
}
