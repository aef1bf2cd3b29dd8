import type { StageReport, TokenEvent } from '@tokenwright/core';
import type { DistributionSummary } from '@tokenwright/core/sampling';
import type { LoadedTokenizer } from '@tokenwright/loaders';
import { bar, columnsOf, fit, fitEnd, type Paint, wrap } from '../cli/terminal.ts';
import { type GrammarChoice, grammarChoiceText } from './grammar.ts';
import { grouped, ordinal, percent } from './number.ts';
import { quoted, tokenText } from './token.ts';

/** A token event of a call with the options `explain` and `logprobs`. */
export type ExplainedToken = TokenEvent & Required<Pick<TokenEvent, 'explanation' | 'logprob' | 'rank'>>;

export interface ExplanationStyle {
  readonly paint: Paint;
  readonly width: number;
  /** Tokens to show. */
  readonly candidates: number;
  /** What a grammar left. */
  readonly choice?: GrammarChoice | undefined;
}

const labelWidth = 15;
const percentWidth = 8;

/** One step of decoding: the most probable tokens as bars, before and after each stage, and what was chosen. */
export function explanationLines(
  event: ExplainedToken,
  step: number,
  before: string,
  tokenizer: LoadedTokenizer,
  style: ExplanationStyle,
): string[] {
  const { paint, width } = style;
  const number = `${step}`.padStart(2);
  const chosen = tokenText(tokenizer, event.id).replaceAll('\n', '⏎');
  const context = fitEnd(before.replaceAll('\n', '⏎'), width - 6 - columnsOf(chosen));
  return [
    `${paint('bold', number)}  ${paint('dim', context)}${paint(['bold', 'green'], chosen)}`,
    ...tables(event, tokenizer, style),
    ...(style.choice === undefined
      ? []
      : wrap(`grammar: ${grammarChoiceText(style.choice)}`, width - 2).map((line) => `  ${paint('yellow', line)}`)),
    ...wrap(verdict(event, tokenizer, paint), width - 2).map((line) => `  ${line}`),
    '',
  ];
}

/** As many stages side by side as fit, then the others below. */
function tables(event: ExplainedToken, tokenizer: LoadedTokenizer, style: ExplanationStyle): string[] {
  const { model, stages } = event.explanation;
  const columns: Column[] = [
    { title: 'model', summary: model },
    ...stages.map((stage) => ({ title: titleOf(stage), summary: stage, stage })),
  ];
  const ids = shownIds(event, columns, style.candidates);
  const largest = Math.max(...columns.flatMap(({ summary }) => summary.top.map(({ probability }) => probability)));
  const room = style.width - labelWidth - 2;
  const perTable = Math.max(1, Math.floor(room / 17));
  const tableCount = Math.ceil(columns.length / perTable);
  const share = Math.ceil(columns.length / tableCount);
  const columnWidth = Math.min(26, Math.floor(room / share));
  const lines: string[] = [];
  for (let from = 0; from < columns.length; from += share) {
    if (from > 0) lines.push('');
    lines.push(
      ...table(event, columns.slice(from, from + share), from, ids, tokenizer, { ...style, columnWidth, largest }),
    );
  }
  return lines;
}

interface Column {
  readonly title: string;
  readonly summary: DistributionSummary;
  readonly stage?: StageReport;
}

function table(
  event: ExplainedToken,
  columns: readonly Column[],
  first: number,
  ids: readonly number[],
  tokenizer: LoadedTokenizer,
  { paint, columnWidth, largest }: ExplanationStyle & { columnWidth: number; largest: number },
): string[] {
  const margin = ' '.repeat(labelWidth + 2);
  const head = columns
    .map(({ title }) => paint('bold', fit(shorten(title, columnWidth - 1), columnWidth - 1)))
    .join(' ');
  const rows = ids.map((id) => {
    const isChosen = id === event.id;
    const label = fit(quoted(tokenizer, id), labelWidth);
    const cells = columns.map((_, index) => cell(event, id, first + index));
    const painted = cells.map(({ share, text }) => {
      const bars = share === undefined ? '' : bar(share / largest, columnWidth - percentWidth - 2);
      const body = `${bars.padEnd(columnWidth - percentWidth - 2)}${text.padStart(percentWidth)}  `;
      return share === undefined ? paint('dim', body) : isChosen ? paint('green', body) : paint('cyan', body);
    });
    return `${isChosen ? paint('green', '▶ ') : '  '}${isChosen ? paint('bold', label) : label}${painted.join('')}`;
  });
  const line = (name: string, value: (column: Column) => string): string =>
    paint(
      'dim',
      `  ${fit(name, labelWidth)}${columns.map((column) => `${value(column).padStart(columnWidth - 2)}  `).join('')}`,
    );
  return [
    margin + head,
    ...rows,
    line('left', ({ summary }) => `${grouped(summary.candidates)} ${summary.candidates === 1 ? 'token' : 'tokens'}`),
    line('mass removed', ({ stage }) =>
      stage === undefined || stage.removedCount === 0 ? '–' : percent(stage.removedMass),
    ),
    line('entropy', ({ summary }) => `${summary.entropy.toFixed(2)} nats`),
  ];
}

/** Probability of a token after a stage, and the text that says so. */
function cell(event: ExplainedToken, id: number, index: number): { share: number | undefined; text: string } {
  const share = event.explanation.probability(id)[index]!;
  if (share > 0) return { share, text: percent(share) };
  const removal = event.explanation.removal(id);
  if (removal === undefined || index <= removal.index) return { share: undefined, text: percent(share) };
  return { share: undefined, text: index === removal.index + 1 ? 'removed' : '·' };
}

/** The tokens that matter somewhere in the chain, as the model ranks them; the chosen one is always among them. */
function shownIds(event: ExplainedToken, columns: readonly Column[], count: number): number[] {
  const most = new Map<number, number>();
  for (const { summary } of columns)
    for (const { id, probability } of summary.top) most.set(id, Math.max(most.get(id) ?? 0, probability));
  const ranked = [...most].sort(([, a], [, b]) => b - a).map(([id]) => id);
  const shown = ranked.slice(0, count);
  if (!shown.includes(event.id)) shown.push(event.id);
  const model = event.explanation.model.top.map(({ id }) => id);
  const place = (id: number): number =>
    model.includes(id) ? model.indexOf(id) : id === event.id ? event.rank : model.length;
  return shown.sort((a, b) => place(a) - place(b));
}

function verdict(event: ExplainedToken, tokenizer: LoadedTokenizer, paint: Paint): string {
  const { explanation, id, logprob, rank } = event;
  const before = percent(Math.exp(logprob));
  const after =
    explanation.stages.length === 0 ? '' : `, ${percent(explanation.probability(id).at(-1)!)} after the chain`;
  return `chosen ${paint(['bold', 'green'], quoted(tokenizer, id))}: ${ordinal(rank)} choice of the model with ${before}${after}`;
}

/** 'top-p 0.95': a stage with its first parameter. */
function titleOf({ name, parameters }: StageReport): string {
  const [first] = typeof parameters === 'object' && parameters !== null ? Object.values(parameters) : [];
  return first === undefined || typeof first === 'object' ? name : `${name} ${first}`;
}

/** A title without its parameter where there is no room for it. */
function shorten(title: string, width: number): string {
  return title.length <= width ? title : title.split(' ')[0]!;
}
