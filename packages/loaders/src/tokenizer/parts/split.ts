import type { CodeSet } from '../patterns/code-set.ts';
import type { Matches } from './fields.ts';

/** A piece of a text on its way to the model. */
export interface Piece {
  readonly text: string;
  /** The piece begins where the whole text begins. */
  readonly first: boolean;
  /** The id of an added token, which is not cut any further. */
  readonly id?: number;
}

/** What becomes of the matches of a cut. */
export type Behavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

/** Each character of a set is a match. */
export function eachOf(set: CodeSet): Matches {
  return (text) => {
    const found: number[] = [];
    for (let at = 0; at < text.length; ) {
      const code = text.codePointAt(at)!;
      const end = at + (code > 0xffff ? 2 : 1);
      if (set.has(code)) found.push(at, end);
      at = end;
    }
    return found;
  };
}

/** Cut a piece at the matches of a pattern; `invert` makes what lies between them the matches. */
export function cut(piece: Piece, matches: Matches, behavior: Behavior, invert = false): Piece[] {
  const { text } = piece;
  const found = matches(text);
  const spans: { start: number; end: number; match: boolean }[] = [];
  let last = 0;
  for (let i = 0; i < found.length; i += 2) {
    const [start, end] = [found[i]!, found[i + 1]!];
    if (last !== start) spans.push({ start: last, end: start, match: invert });
    spans.push({ start, end, match: !invert });
    last = end;
  }
  if (last !== text.length) spans.push({ start: last, end: text.length, match: invert });

  const kept = merged(spans, behavior);
  const pieces: Piece[] = [];
  for (const { start, end } of kept)
    if (end > start) pieces.push({ text: text.slice(start, end), first: piece.first && start === 0 });
  return pieces;
}

interface Span {
  start: number;
  end: number;
  match: boolean;
}

function merged(spans: Span[], behavior: Behavior): Span[] {
  if (behavior === 'Isolated') return spans;
  if (behavior === 'Removed') return spans.filter(({ match }) => !match);
  const back = behavior === 'MergedWithNext';
  const result: Span[] = [];
  let previous = false;
  for (const span of back ? spans.reverse() : spans) {
    const joins = behavior === 'Contiguous' ? span.match === previous : span.match && !previous;
    const neighbor = result.at(-1);
    if (joins && neighbor !== undefined) {
      if (back) neighbor.start = span.start;
      else neighbor.end = span.end;
    } else result.push(span);
    previous = span.match;
  }
  return back ? result.reverse() : result;
}
