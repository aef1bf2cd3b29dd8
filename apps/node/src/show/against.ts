import type { ChainComparison, Explanation, TokenEvent } from '@tokenwright/core';
import type { LoadedTokenizer } from '@tokenwright/loaders';
import { bar, fit, type Paint } from '../cli/terminal.ts';
import { percent } from './number.ts';
import { quoted, tokenText } from './token.ts';

/** Two chains, as they are printed. */
export type ChainNames = readonly [first: string, second: string];

const barWidth = 14;
const labelWidth = 18;

/** Two chains with the same random numbers: how far their texts agree, and why they diverge. */
export function againstLines(
  { seed, parting, first, second }: ChainComparison,
  names: ChainNames,
  prompt: string,
  tokenizer: LoadedTokenizer,
  paint: Paint,
): string[] {
  const text = (events: readonly TokenEvent[]): string =>
    `${prompt}${events.map(({ id }) => tokenText(tokenizer, id)).join('')}`.replaceAll('\n', '⏎');
  const lines = [
    `The same random numbers (seed ${seed}) for`,
    ...names.map((name, at) => `  ${paint('bold', 'AB'[at]!)}  ${name}`),
    '',
  ];
  if (parting === undefined) return [...lines, `They agree on all ${first.length} tokens: ${text(first)}`];
  return [
    ...lines,
    `They agree on ${parting} ${parting === 1 ? 'token' : 'tokens'}: ${text(first.slice(0, parting))}`,
    ...partingLines(first[parting], second[parting], tokenizer, paint),
    '',
    ...[first, second].map((events, at) => `  ${paint('bold', 'AB'[at]!)}  ${text(events)}`),
  ];
}

/** The two tokens, with their probabilities after each chain. */
function partingLines(
  first: TokenEvent | undefined,
  second: TokenEvent | undefined,
  tokenizer: LoadedTokenizer,
  paint: Paint,
): string[] {
  if (first === undefined || second === undefined) return [`Then ${first === undefined ? 'A' : 'B'} has ended.`];
  const column = barWidth + 28;
  const head = `  ${fit('', labelWidth)}${fit('in A', column)}in B`;
  const rows = [first, second].map(({ id }, at) => {
    const cells = [first, second].map(({ explanation }) => fit(share(explanation!, id), column));
    return `  ${fit(`${'AB'[at]} drew ${quoted(tokenizer, id)}`, labelWidth)}${cells.join('').trimEnd()}`;
  });
  return ['Then they diverge:', paint('dim', head), ...rows];
}

/** The probability of a token after a chain, or the stage that removed it. */
function share(explanation: Explanation, id: number): string {
  const removal = explanation.removal(id);
  if (removal !== undefined) return `removed by ${removal.stage} (${removal.margin.toFixed(2)} too low)`;
  const p = explanation.probability(id).at(-1)!;
  return `${bar(p, barWidth).padEnd(barWidth)} ${percent(p).padStart(7)}`;
}
