import { withoutMarks } from '../marked-tokens.ts';
import { firstOf, isSpace, openEnd, type Reading, type TextInput } from './text-input.ts';

/**
 * Pass text on as it arrives, up to one of the marks, which is read and returned. What may be the beginning of a mark is held
 * back. White space before a mark is dropped.
 */
export function* passText(
  input: TextInput,
  type: 'text' | 'reasoning',
  marks: readonly string[],
): Reading<string | undefined> {
  let space = '';
  for (;;) {
    const { rest } = input;
    const { at, found } = firstOf(rest, marks);
    const end = found !== undefined ? at : rest.length - (input.ended ? 0 : openEnd(rest, marks));
    const text = space + input.take(end);
    let solid = text.length;
    while (solid > 0 && isSpace(text[solid - 1]!)) solid--;
    space = text.slice(solid);
    if (solid > 0) yield { type, text: withoutMarks(text.slice(0, solid)) };
    if (found !== undefined) {
      input.keep();
      input.take(found.length);
      return found;
    }
    if (input.ended) {
      if (space !== '' && type === 'text') yield { type, text: space };
      return undefined;
    }
    yield undefined;
  }
}
