import { bar, fit, type Paint, wrap } from '../cli/terminal.ts';
import { percent } from './number.ts';

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

interface StrategyStyle {
  readonly paint: Paint;
  readonly width: number;
}

const nameWidth = 22;

/** The text of a method, next to its name. */
export function attemptLines({ name, text }: Attempt, { paint, width }: StrategyStyle): string[] {
  const lines = wrap(text.trim().replace(/\s*\n\s*/g, ' ⏎ '), width - nameWidth);
  return [...lines.map((line, index) => paint('cyan', fit(index === 0 ? name : '', nameWidth)) + line), ''];
}

/** One row per method. */
export function summaryLines(attempts: readonly Attempt[], { paint }: StrategyStyle): string[] {
  const head = `${fit('', nameWidth)}${fit('rep-4', 20)}${'distinct-2'.padStart(10)}${'ln p a token'.padStart(15)}${'tokens/s'.padStart(11)}`;
  return [
    paint('bold', head),
    ...attempts.map(({ name, repetition4, distinct2, logprobPerToken, tokensPerSecond }) => {
      const style = repetition4 > 0.3 ? 'red' : repetition4 > 0.1 ? 'yellow' : 'green';
      return (
        fit(name, nameWidth) +
        paint(style, bar(repetition4, 10).padEnd(11)) +
        percent(repetition4).padStart(7) +
        percent(distinct2).padStart(12) +
        logprobPerToken.toFixed(2).padStart(15) +
        tokensPerSecond.toFixed(0).padStart(11)
      );
    }),
  ];
}

/** The speed of speculative decoding, relative to plain decoding. */
export function raceLines(races: readonly Race[], { paint }: StrategyStyle): string[] {
  const rows = races.map(({ name, method, same, draftedTokens, acceptedTokens, speedUp }) => {
    const share = draftedTokens === 0 ? 0 : acceptedTokens / draftedTokens;
    const accepted = `${acceptedTokens}/${draftedTokens} accepted (${percent(share)})`;
    const speed = paint(speedUp >= 1 ? 'green' : 'red', `${speedUp.toFixed(2)} ×`.padStart(8));
    return `${fit(method, nameWidth)}${fit(name, 25)}${fit(accepted, 25)}${same ? speed : paint('red', ' differs')}`;
  });
  const head = `${fit('speculative decoding', nameWidth)}${fit('', 25)}${fit('', 25)}${'speed'.padStart(8)}`;
  const all = races.every(({ same }) => same);
  const note = all
    ? 'All gave the same tokens as plain decoding. Speed is relative to plain decoding.'
    : 'Not all gave the same tokens.';
  return [paint('bold', head), ...rows, '', paint('dim', note)];
}
