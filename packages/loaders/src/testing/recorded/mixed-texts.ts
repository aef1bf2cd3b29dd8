import fc from 'fast-check';

/**
 * Texts of random slices of these texts, and of any characters that have been in Unicode for some years: the same ones each time.
 */
export function mixedTexts(texts: readonly string[], count: number): string[] {
  const slice = fc.tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(12)).map(([text, from, length]) => {
    const characters = Array.from(text);
    const start = from % (characters.length + 1);
    return characters.slice(start, start + length).join('');
  });
  const anything = fc.string({ unit: 'grapheme', maxLength: 4 });
  const piece = fc.oneof({ weight: 6, arbitrary: slice }, { weight: 1, arbitrary: anything });
  const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
  return fc.sample(text, { seed: 1, numRuns: count });
}
