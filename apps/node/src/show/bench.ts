import { wrap } from '../cli/terminal.ts';
import { bytesText } from './number.ts';
import { headedTable, type TableStyle } from './table.ts';

/** Tokens per second over several rounds. */
interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The measurements of one engine. */
export interface Measured {
  readonly engine: string;
  readonly weights: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly rounds: number;
  readonly milliseconds: { readonly start: number; readonly load: number };
  /** Memory of the engine for the weights, in bytes. */
  readonly weightBytes: number;
  /** Tokens of the prompt a second. */
  readonly reading: Spread;
  /** New tokens per second. */
  readonly writing: Spread;
}

/** A table of the measurements. The engine that writes fastest is marked. */
export function measuredLines(model: string, results: readonly Measured[], style: TableStyle): string[] {
  const { paint, width } = style;
  const best = Math.max(...results.map(({ writing }) => writing.median));
  const { promptTokens, completionTokens, rounds } = results[0]!;
  const head = ['engine', 'weights', 'memory', 'load', 'reads tokens/s', 'writes tokens/s'];
  return [
    ...wrap(
      `${paint('bold', model)}: a prompt of ${promptTokens} tokens, ${completionTokens} new ones, ${rounds} rounds`,
      width,
    ),
    '',
    ...headedTable(
      head,
      results.map(({ engine, weights, weightBytes, milliseconds, reading, writing }) => [
        writing.median === best ? paint('green', engine) : engine,
        weights,
        bytesText(weightBytes),
        secondsText(milliseconds.load),
        spreadText(reading),
        spreadText(writing),
      ]),
      ['left', 'left', 'right', 'right', 'right', 'right'],
      style,
    ),
  ];
}

/** '123 (118–130)' */
function spreadText({ median, least, most }: Spread): string {
  return `${rate(median)} (${rate(least)}–${rate(most)})`;
}

function rate(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}

function secondsText(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
