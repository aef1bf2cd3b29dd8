import { isControlToken } from './control-tokens.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * The ids of a prompt, with the special tokens that the tokenizer adds around a text exactly once. A text that has them
 * already, such as a rendered chat that begins with the begin token, does not get them again.
 *
 * @example
 * ```ts
 * encodePrompt(tokenizer, 'Once'); // the same ids as for '<s>Once', where <s> is the begin token that the tokenizer adds
 * ```
 */
export function encodePrompt(tokenizer: Tokenizer, text: string): number[] {
  const ids = tokenizer.encode(text);
  const repeats = (at: number, from: number, to: number): boolean => {
    const other = ids.indexOf(ids[at]!, from);
    return other >= from && other < to && isControlToken(tokenizer, ids[at]!);
  };
  // Encoding twice is only needed where an added token may be there twice.
  const last = ids.length - 1;
  if (last < 1 || !(repeats(0, 1, last + 1) || repeats(last, 0, last))) return ids;
  const plain = tokenizer.encode(text, { addSpecialTokens: false });
  const added = ids.length - plain.length;
  for (let start = 0; start <= added; start++) {
    if (!plain.every((id, at) => id === ids[start + at])) continue;
    const before = ids.slice(0, start);
    const after = ids.slice(start + plain.length);
    const begins = before.every((id, at) => id === plain[at]);
    const ends = after.every((id, at) => id === plain[plain.length - after.length + at]);
    return [...(begins ? [] : before), ...plain, ...(ends ? [] : after)];
  }
  return ids;
}
