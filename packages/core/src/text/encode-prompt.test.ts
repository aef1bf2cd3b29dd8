import { describe, expect, it } from 'vitest';
import { encodePrompt } from './encode-prompt.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Letters by their place in the alphabet; 100 is `<`, 101 is `>`, 102 is `*`: control tokens that are added around a text. */
function adding(before: readonly number[], after: readonly number[] = []): Tokenizer & { readonly calls: string[] } {
  const calls: string[] = [];
  const controls = '<>*';
  return {
    calls,
    vocabSize: 103,
    encode(text, { addSpecialTokens = true } = {}) {
      calls.push(text);
      const ids = Array.from(text, (letter) =>
        controls.includes(letter) ? 100 + controls.indexOf(letter) : letter.charCodeAt(0) - 97,
      );
      return addSpecialTokens ? [...before, ...ids, ...after] : ids;
    },
    decode: (ids) => Array.from(ids, (id) => (id < 100 ? String.fromCharCode(97 + id) : '')).join(''),
  };
}

describe('encodePrompt', () => {
  it.each<[string, readonly number[], readonly number[], string, readonly number[]]>([
    ['adds the begin token to plain text', [100], [], 'ab', [100, 0, 1]],
    ['does not add it to a text that has it', [100], [], '<ab', [100, 0, 1]],
    ['takes two in the text for what they are', [100], [], '<<ab', [100, 100, 0, 1]],
    ['adds it where the text has it elsewhere', [100], [], 'a<b', [100, 0, 100, 1]],
    ['adds an end token that the text lacks', [100], [101], '<ab', [100, 0, 1, 101]],
    ['does not add an end token that the text has', [100], [101], 'ab>', [100, 0, 1, 101]],
    ['does not add either', [100], [101], '<ab>', [100, 0, 1, 101]],
    ['adds several tokens together or not at all', [100, 102], [], '<ab', [100, 102, 100, 0, 1]],
    ['does not add several that the text has', [100, 102], [], '<*ab', [100, 102, 0, 1]],
    ['adds nothing where the tokenizer adds nothing', [], [], '<<ab', [100, 100, 0, 1]],
    ['keeps letters that repeat', [], [], 'aabaa', [0, 0, 1, 0, 0]],
    ['has the added tokens for an empty text', [100], [101], '', [100, 101]],
    ['has the added tokens once for a text of one of them', [100], [], '<', [100]],
  ])('%s', (_, before, after, text, expected) => {
    expect(encodePrompt(adding(before, after), text)).toEqual(expected);
  });

  it('encodes twice only where a token may be doubled', () => {
    const tokenizer = adding([100]);
    encodePrompt(tokenizer, 'abab');
    expect(tokenizer.calls).toHaveLength(1);
    encodePrompt(tokenizer, '<ab');
    expect(tokenizer.calls).toHaveLength(3);
  });
});
