import type { ScoredText, ScoredToken } from '@tokenwright/core';
import type { LoadedTokenizer } from '@tokenwright/loaders';
import { bar, columnsOf, fit, type Paint, packed, type Style, wrap } from '../cli/terminal.ts';
import { grouped, percent } from './number.ts';
import { quoted, tokenText } from './token.ts';

interface ScoreStyle {
  readonly paint: Paint;
  readonly width: number;
}

/** Styles by probability, the most probable first. */
const scale: readonly { readonly from: number; readonly style: Style; readonly name: string }[] = [
  { from: 0.5, style: ['black', 'bgGreen'], name: 'from 50 %' },
  { from: 0.1, style: 'green', name: 'from 10 %' },
  { from: 0.01, style: 'yellow', name: 'from 1 %' },
  { from: 0.001, style: 'red', name: 'from 0.1 %' },
  { from: 0, style: ['white', 'bgRed'], name: 'below' },
];

const styleOf = (probability: number): Style => scale.find(({ from }) => probability >= from)!.style;

/** The text itself, each token colored by its probability, and what the colors mean. */
export function heatLines(
  ids: readonly number[],
  scored: ScoredText,
  tokenizer: LoadedTokenizer,
  { paint, width }: ScoreStyle,
): string[] {
  const given = ids.slice(0, ids.length - scored.tokens.length).map((id) => ({ id, style: 'dim' as Style }));
  const colored = scored.tokens.map(({ id, logprob }) => ({ id, style: styleOf(Math.exp(logprob)) }));
  const parts = [...given, ...colored].map(({ id, style }) => ({ text: tokenText(tokenizer, id), style }));
  const legend = scale.map(({ style, name }) => paint(style, ` ${name} `));
  return [...flowed(parts, paint, width), '', ...packed(legend, width, ' '), ''];
}

interface StyledText {
  readonly text: string;
  readonly style: Style;
}

/** Styled parts of a text, broken between words into lines. No style runs over the end of a line. */
function flowed(parts: readonly StyledText[], paint: Paint, width: number): string[] {
  const lines = [''];
  let used = 0;
  let word: StyledText[] = [];
  const begin = (): void => {
    lines.push('');
    used = 0;
  };
  const put = ({ text, style }: StyledText): void => {
    lines.push(lines.pop()! + paint(style, text));
    used += columnsOf(text);
  };
  const endWord = (): void => {
    const columns = word.reduce((sum, { text }) => sum + columnsOf(text), 0);
    if (used > 0 && used + columns > width) begin();
    word.forEach(put);
    word = [];
  };
  for (const { text, style } of parts)
    for (const piece of text.split(/([ \n])/)) {
      if (piece !== ' ' && piece !== '\n') {
        if (piece !== '') word.push({ text: piece, style });
        continue;
      }
      endWord();
      if (piece === '\n') begin();
      else if (used < width) put({ text: piece, style });
    }
  endWord();
  return lines;
}

/** One row per token, and the totals. */
export function scoreLines(
  scored: ScoredText,
  text: string,
  tokenizer: LoadedTokenizer,
  { paint, width }: ScoreStyle,
): string[] {
  const { tokens, total, perplexity } = scored;
  if (tokens.length === 0) return ['one token alone has nothing before it, so there is nothing to score'];
  const chained = tokens.some(({ stages }) => stages !== undefined);
  // On a narrow terminal the bars are left out, then the logarithm.
  const chainWidth = !chained ? 0 : width < 60 ? 14 : 20;
  const tokenWidth = width < 60 ? 11 : 22;
  const logWidth = width < 50 && chained ? 0 : 10;
  const room = width - tokenWidth - 10 - logWidth - 8 - chainWidth - 2;
  const barWidth = room < 8 ? 0 : room;
  const head =
    fit('token', tokenWidth) +
    (barWidth === 0 ? 'p'.padStart(10) : fit('probability', barWidth + 10)) +
    (logWidth === 0 ? '' : 'ln p'.padStart(logWidth)) +
    'rank'.padStart(8);
  const rows = tokens.map((token) => {
    const probability = Math.exp(token.logprob);
    return (
      fit(quoted(tokenizer, token.id), tokenWidth) +
      paint(barStyle(probability), bar(probability, barWidth).slice(0, barWidth).padEnd(barWidth)) +
      percent(probability).padStart(10) +
      (logWidth === 0 ? '' : token.logprob.toFixed(3).padStart(logWidth)) +
      grouped(token.rank).padStart(8) +
      (chained ? `  ${fateOf(token, paint, width - tokenWidth - barWidth - 10 - logWidth - 10)}` : '')
    );
  });
  const bits = -total / Math.LN2;
  const summary = [
    `${grouped(tokens.length)} tokens   total ${total.toFixed(3)} nats (${bits.toFixed(1)} bits, ${(bits / [...text].length).toFixed(2)} a character)`,
    `perplexity ${paint('bold', perplexity.toFixed(2))}: like a choice among ${Math.round(perplexity)} equally probable tokens`,
  ];
  return [
    paint('bold', head + (chained ? '  chain' : '')),
    ...rows,
    '',
    ...summary.flatMap((line) => wrap(line, width)),
  ];
}

function barStyle(probability: number): Style {
  return probability >= 0.1 ? 'green' : probability >= 0.01 ? 'yellow' : 'red';
}

function fateOf({ allowed, stages = [] }: ScoredToken, paint: Paint, width: number): string {
  if (allowed) return paint('dim', `${percent(Math.exp(stages.at(-1)?.logprob ?? 0))} left`);
  const stage = stages.find(({ logprob }) => logprob === -Infinity);
  return paint('red', fit(`✕ ${stage?.name}`, width).trimEnd());
}
