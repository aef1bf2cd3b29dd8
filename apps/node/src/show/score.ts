import type { ScoredText, ScoredToken } from '@tokenwright/core';
import type { LoadedTokenizer } from '@tokenwright/loaders';
import { bar, fit, type Paint, type Style } from '../cli/terminal.ts';
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
  { paint }: ScoreStyle,
): string[] {
  const given = ids.slice(0, ids.length - scored.tokens.length).map((id) => paint('dim', tokenText(tokenizer, id)));
  const colored = scored.tokens.map(({ id, logprob }) =>
    // A style must not run over the end of a line.
    tokenText(tokenizer, id)
      .split('\n')
      .map((part) => (part === '' ? '' : paint(styleOf(Math.exp(logprob)), part)))
      .join('\n'),
  );
  const legend = scale.map(({ style, name }) => paint(style, ` ${name} `)).join(' ');
  return [[...given, ...colored].join(''), '', legend, ''];
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
  const barWidth = Math.max(8, width - 22 - 10 - 10 - 8 - (chained ? 20 : 0) - 2);
  const head = `${fit('token', 22)}${fit('probability', barWidth + 10)}${'ln p'.padStart(10)}${'rank'.padStart(8)}`;
  const rows = tokens.map((token) => {
    const probability = Math.exp(token.logprob);
    const bars = bar(probability, barWidth).padEnd(barWidth);
    return (
      fit(quoted(tokenizer, token.id), 22) +
      paint(barStyle(probability), bars) +
      percent(probability).padStart(10) +
      token.logprob.toFixed(3).padStart(10) +
      grouped(token.rank).padStart(8) +
      (chained ? `  ${fateOf(token, paint)}` : '')
    );
  });
  const bits = -total / Math.LN2;
  const summary = [
    `${grouped(tokens.length)} tokens   total ${total.toFixed(3)} nats (${bits.toFixed(1)} bits, ${(bits / [...text].length).toFixed(2)} a character)`,
    `perplexity ${paint('bold', perplexity.toFixed(2))}: like a choice among ${Math.round(perplexity)} equally probable tokens`,
  ];
  return [paint('bold', head + (chained ? '  chain' : '')), ...rows, '', ...summary];
}

function barStyle(probability: number): Style {
  return probability >= 0.1 ? 'green' : probability >= 0.01 ? 'yellow' : 'red';
}

function fateOf({ allowed, stages = [] }: ScoredToken, paint: Paint): string {
  if (allowed) return paint('dim', `${percent(Math.exp(stages.at(-1)?.logprob ?? 0))} left`);
  const stage = stages.find(({ logprob }) => logprob === -Infinity);
  return paint('red', `✕ ${stage?.name}`);
}
