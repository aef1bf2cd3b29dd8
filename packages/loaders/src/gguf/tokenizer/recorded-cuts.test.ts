import { describe, expect, it } from 'vitest';
import { cutTokenizer, readRecordedCuts } from '../../testing/recorded/llama-cuts.ts';
import { preTokenizerOf as preTokenizerOfPart } from '../../tokenizer/parts/pre-tokenizers.ts';
import { type PreTokenizer, preTokenizerOf } from './pre-tokenizers.ts';

const recorded = readRecordedCuts();
const { by, raw, texts, words, ids, same, begins } = recorded;
const names = Object.keys(ids).flatMap((name) => [[name, name], ...(same[name] ?? []).map((other) => [other, name])]);

describe(by, () => {
  it('has every name', () => {
    expect(texts.length).toBeGreaterThan(50);
    expect(names.length).toBeGreaterThan(85);
  });

  it.each(names)('%s', async (pre, like) => {
    const tokenizer = await cutTokenizer(recorded, pre!, raw.includes(like!));
    const { steps } = preTokenizerOf('x.gguf', pre, 'llama') as PreTokenizer;
    const cut = preTokenizerOfPart({ type: 'Sequence', pretokenizers: steps });
    for (const [i, text] of texts.entries()) {
      const given = raw.includes(like!) ? text.replaceAll(' ', '▁') : text;
      const lengths = cut({ text: given, first: true }).map((piece) => Array.from(piece.text).length);
      expect(lengths, JSON.stringify(text)).toEqual(words[like!]![i]);
      const found = tokenizer.encode(text, { addSpecialTokens: false });
      expect(found, JSON.stringify(text)).toEqual(ids[like!]![i]);
      // A mark of a space comes back as a space.
      expect(tokenizer.decode(found)).toBe(raw.includes(like!) ? text.replaceAll('▁', ' ') : text);
    }
    expect(tokenizer.encode('a')[0] === 0).toBe(begins.includes(like!));
  });
});
