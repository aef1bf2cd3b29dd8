import type { LoadedTokenizer } from '@tokenwright/loaders';
import { bar, fit, fitEnd, type Paint, type Style } from '../cli/terminal.ts';
import { tokenText } from './token.ts';

/** The detail of a step event of a beam search. */
export interface BeamStep {
  readonly live: readonly BeamHypothesis[];
  readonly finished: readonly BeamHypothesis[];
  readonly died: readonly BeamHypothesis[];
}

interface BeamHypothesis {
  readonly ids: readonly number[];
  readonly score: number;
  /** Index, before the step, of the hypothesis that it continues. */
  readonly parent?: number;
}

/** One step of a beam search: the hypotheses that are kept, complete, and dropped. */
export function beamStepLines(
  { live, finished, died }: BeamStep,
  step: number,
  tokenizer: LoadedTokenizer,
  { paint, width }: { readonly paint: Paint; readonly width: number },
): string[] {
  const scoreWidth = 10;
  // On a narrow terminal the text needs the room of bars and notes.
  const isNarrow = width < 70;
  const barWidth = isNarrow ? 0 : 10;
  const textWidth = width - 4 - scoreWidth - (isNarrow ? 0 : barWidth + 14);
  const best = Math.max(...[...live, ...finished, ...died].map(({ score }) => score));
  const line = (mark: string, style: Style, { ids, score, parent }: BeamHypothesis, note: string): string => {
    const text = ids
      .map((id) => tokenText(tokenizer, id))
      .join('')
      .replaceAll('\n', '⏎');
    const from = parent === undefined ? '' : `from ${parent + 1}`;
    const bars = bar(Math.exp(score - best), barWidth).padEnd(barWidth);
    const rest = isNarrow ? '' : `  ${paint(style, bars)} ${paint('dim', note === '' ? from : note)}`;
    return (
      paint(style, `  ${mark} ${fit(fitEnd(text, textWidth), textWidth)}`) +
      `${score
        .toFixed(3)
        .replace(/^-0\.000$/, '0.000')
        .padStart(scoreWidth)}${rest}`
    );
  };
  return [
    paint('bold', `step ${step}`),
    ...live.map((hypothesis, index) => line(`${index + 1}`, 'green', hypothesis, '')),
    ...finished.map((hypothesis) => line('✓', 'cyan', hypothesis, 'complete')),
    ...died.map((hypothesis) => line('✕', 'red', hypothesis, 'dropped')),
    '',
  ];
}
