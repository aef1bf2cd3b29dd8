import { encodePrompt, generate } from '@tokenwright/core';
import { greedy } from '@tokenwright/samplers';
import type { Command, Given } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { interrupt } from '../cli/interrupt.ts';
import { print } from '../cli/output.ts';
import { Progress } from '../cli/progress.ts';
import { paintFor, widthOf } from '../cli/terminal.ts';
import { generalFlags, modelFlags, type Session, withModel } from '../session.ts';
import { comparisonLines, type Series } from '../show/comparison.ts';
import { jsonLine } from '../show/json.ts';

const caches = ['static', 'dynamic', 'none'] as const;

export const compareCommand: Command = {
  name: 'compare',
  about:
    'Write the same text three times, greedily: with the static cache, with the dynamic one, and with none, so that ' +
    'everything is computed again for each token. Shows the time per token as the text grows, as a table and a plot.',
  operands: ['[prompt]'],
  examples: [
    ['tokenwright compare', '128 tokens, in a few seconds'],
    ['tokenwright compare --length 400 --engine tfjs-cpu', 'longer, on another engine'],
  ],
  flags: [
    { name: 'length', value: 'N', help: 'Tokens to write. Default 128.', group: 'Comparison' },
    { name: 'json', help: 'One line per cache, with the milliseconds of every token.', group: 'Output' },
    ...modelFlags,
    ...generalFlags,
  ],
  run: (given) => withModel(given, (session) => compare(given, session, given.operands[0] ?? 'Once upon a time')),
};

async function compare(given: Given, session: Session, prompt: string): Promise<number | undefined> {
  const { model, tokenizer, engine } = session;
  const ids = encodePrompt(tokenizer, prompt);
  const room = model.contextLength - ids.length;
  const length = given.number('length') ?? Math.min(128, room);
  if (!Number.isInteger(length) || length < 16 || length > room)
    throw misuse(`--length must be an integer from 16 to ${room}, the rest of the context, but ${length} was given.`);

  // The first tokens of a process are slow: compilers warm up.
  for (const cache of caches) await timePerToken(session, ids, { cache, maxNewTokens: cache === 'none' ? 8 : 24 });
  const all: Series[] = [];
  for (const cache of caches) {
    const { times, tokens } = await timePerToken(session, ids, { cache, maxNewTokens: length });
    if (interrupt.signal.aborted) break;
    all.push({ name: cache, times, tokens });
    if (given.has('json')) print(jsonLine({ cache, promptTokens: ids.length, milliseconds: times, ids: tokens }));
  }
  if (interrupt.status !== undefined || given.has('json')) return interrupt.status;
  const style = { paint: paintFor(process.stdout), width: Math.min(100, widthOf(process.stdout)) };
  print(`${model.name} on ${engine.name}: milliseconds per token\n\n`);
  print(`${comparisonLines(all, ids.length, style).join('\n')}\n`);
  return undefined;
}

/** Milliseconds between one token and the next, and the tokens. */
async function timePerToken(
  { model }: Session,
  prompt: readonly number[],
  options: { readonly cache: (typeof caches)[number]; readonly maxNewTokens: number },
): Promise<{ times: number[]; tokens: number[] }> {
  const times: number[] = [];
  const tokens: number[] = [];
  const progress = new Progress(options.cache === 'none' ? 'no cache' : `cache: ${options.cache}`, 'tokens');
  let last = performance.now();
  const all = { ...options, samplers: [greedy()], eosTokenIds: [], signal: interrupt.signal };
  try {
    for await (const event of generate(model, prompt, all)) {
      if (event.type !== 'token') continue;
      times.push(performance.now() - last);
      tokens.push(event.id);
      progress.show(tokens.length, options.maxNewTokens);
      last = performance.now();
    }
  } finally {
    progress.clear();
  }
  return { times, tokens };
}
