import type { ChainComparison, Explanation, TokenEvent } from '@tokenwright/core';
import type { LoadedTokenizer } from '@tokenwright/loaders';
import { bar, columnsOf, fit, type Paint, wrap } from '../cli/terminal.ts';
import { percent } from './number.ts';
import { quoted, tokenText } from './token.ts';

interface AgainstStyle {
  readonly paint: Paint;
  readonly width: number;
}

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
  { paint, width }: AgainstStyle,
): string[] {
  const text = (events: readonly TokenEvent[]): string =>
    `${prompt}${events.map(({ id }) => tokenText(tokenizer, id)).join('')}`.replaceAll('\n', '⏎');
  const lines = [
    `The same random numbers (seed ${seed}) for`,
    ...names.flatMap((name, at) => labeled(paint('bold', 'AB'[at]!), name, width)),
    '',
  ];
  if (parting === undefined)
    return [...lines, ...wrap(`They agree on all ${first.length} tokens: ${text(first)}`, width)];
  return [
    ...lines,
    ...wrap(`They agree on ${parting} ${parting === 1 ? 'token' : 'tokens'}: ${text(first.slice(0, parting))}`, width),
    ...partingLines(first[parting], second[parting], tokenizer, { paint, width }),
    '',
    ...[first, second].flatMap((events, at) => labeled(paint('bold', 'AB'[at]!), text(events), width)),
  ];
}

/** The two tokens, with their probabilities after each chain. */
function partingLines(
  first: TokenEvent | undefined,
  second: TokenEvent | undefined,
  tokenizer: LoadedTokenizer,
  { paint, width }: AgainstStyle,
): string[] {
  if (first === undefined || second === undefined) return [`Then ${first === undefined ? 'A' : 'B'} has ended.`];
  const drew = [first, second].map(({ id }, at) => `${'AB'[at]} drew ${quoted(tokenizer, id)}`);
  const column = barWidth + 28;
  if (width < labelWidth + 2 * column + 2)
    return [
      'Then they diverge:',
      ...[first, second].flatMap(({ id }, at) => [
        `  ${drew[at]}`,
        ...[first, second].flatMap(({ explanation }, chain) =>
          labeled(paint('dim', `  in ${'AB'[chain]}`), share(explanation!, id), width),
        ),
      ]),
    ];
  const head = `  ${fit('', labelWidth)}${fit('in A', column)}in B`;
  const rows = [first, second].map(({ id }, at) => {
    const cells = [first, second].map(({ explanation }) => fit(share(explanation!, id), column));
    return `  ${fit(drew[at]!, labelWidth)}${cells.join('').trimEnd()}`;
  });
  return ['Then they diverge:', paint('dim', head), ...rows];
}

/** A label and a text that is wrapped beside it. */
function labeled(label: string, text: string, width: number): string[] {
  const column = columnsOf(label) + 4;
  return wrap(text, width - column).map((line, row) => (row === 0 ? `  ${label}  ${line}` : ' '.repeat(column) + line));
}

/** The probability of a token after a chain, or the stage that removed it. */
function share(explanation: Explanation, id: number): string {
  const removal = explanation.removal(id);
  if (removal !== undefined) return `removed by ${removal.stage} (${removal.margin.toFixed(2)} too low)`;
  const p = explanation.probability(id).at(-1)!;
  return `${bar(p, barWidth).padEnd(barWidth)} ${percent(p).padStart(7)}`;
}
