import { bar, wrap } from '../cli/terminal.ts';
import { percent } from './number.ts';
import { factLines, headedTable, type TableStyle } from './table.ts';

/** The text of one method, with its statistics. */
export interface Attempt {
  readonly name: string;
  readonly text: string;
  readonly repetition4: number;
  readonly distinct2: number;
  /** By the model itself, natural logarithm. */
  readonly logprobPerToken: number;
  readonly tokensPerSecond: number;
}

/** Speculative decoding of a text, compared with plain decoding. */
export interface Race {
  readonly name: string;
  readonly method: string;
  /** Whether both gave the same tokens. */
  readonly same: boolean;
  readonly draftedTokens: number;
  readonly acceptedTokens: number;
  readonly speedUp: number;
}

const nameWidth = 22;

/** The text of a method, next to its name. */
export function attemptLines({ name, text }: Attempt, style: TableStyle): string[] {
  return [...factLines(name, text.trim().replace(/\s*\n\s*/g, ' ⏎ '), nameWidth, style), ''];
}

/** One row per method. */
export function summaryLines(attempts: readonly Attempt[], style: TableStyle): string[] {
  const rows = attempts.map(({ name, repetition4, distinct2, logprobPerToken, tokensPerSecond }) => {
    const color = repetition4 > 0.3 ? 'red' : repetition4 > 0.1 ? 'yellow' : 'green';
    return [
      name,
      style.paint(color, bar(repetition4, 10).padEnd(11)) + percent(repetition4).padStart(7),
      percent(distinct2),
      logprobPerToken.toFixed(2),
      tokensPerSecond.toFixed(0),
    ];
  });
  const head = ['method', 'rep-4', 'distinct-2', 'ln p a token', 'tokens/s'];
  return headedTable(head, rows, ['left', 'left', 'right', 'right', 'right'], style);
}

/** The speed of speculative decoding, relative to plain decoding. */
export function raceLines(races: readonly Race[], style: TableStyle): string[] {
  const { paint, width } = style;
  const rows = races.map(({ name, method, same, draftedTokens, acceptedTokens, speedUp }) => {
    const share = draftedTokens === 0 ? 0 : acceptedTokens / draftedTokens;
    const speed = paint(speedUp >= 1 ? 'green' : 'red', `${speedUp.toFixed(2)} ×`);
    return [
      method,
      name,
      `${acceptedTokens}/${draftedTokens} accepted (${percent(share)})`,
      same ? speed : paint('red', 'differs'),
    ];
  });
  const note = races.every(({ same }) => same)
    ? 'All gave the same tokens as plain decoding. Speed is relative to plain decoding.'
    : 'Not all gave the same tokens.';
  return [
    ...headedTable(
      ['speculative decoding', 'draft', 'drafted tokens', 'speed'],
      rows,
      ['left', 'left', 'right', 'right'],
      style,
    ),
    '',
    ...wrap(note, width).map((line) => paint('dim', line)),
  ];
}
