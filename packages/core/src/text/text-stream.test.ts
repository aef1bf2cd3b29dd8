import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { continuation, TextStream } from './text-stream.ts';
import type { Tokenizer } from './tokenizer.ts';

// The same cases in each run, so that only a change makes it fail. FUZZ_RUNS asks for new ones.
if (process.env.FUZZ_RUNS === undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 1 });

const utf8 = (text: string): number[] => [...new TextEncoder().encode(text)];

/**
 * Byte-level: ids 0 to 255 are bytes, the next are byte sequences that may split characters, the last is a control
 * token.
 */
const merges = [' the', 'é', '\n\n', ' \u{1F600}'].map(utf8).concat([
  [0xe4, 0xbd],
  [0xa0, 0xe5],
  [0x41, 0xf0, 0x9f],
]);
const control = 256 + merges.length;
const byteLevel: Tokenizer = {
  vocabSize: control + 1,
  encode: utf8,
  decode: (ids) => {
    const bytes = Array.from(ids).flatMap((id) => (id < 256 ? [id] : (merges[id - 256] ?? [])));
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
  },
};

/** Words with a mark for the space before them; a decoder drops the space before the first. Ids from 100 on are bytes. */
const words = ['<s>', '▁once', '▁upon', 'a', '▁a', '▁', 'time'];
const marked: Tokenizer = {
  vocabSize: 356,
  encode: () => [],
  decode: (ids) => {
    let text = '';
    for (let i = 0; i < ids.length; i++) {
      const bytes: number[] = [];
      while (ids[i]! >= 100) bytes.push(ids[i++]! - 100);
      text += new TextDecoder().decode(Uint8Array.from(bytes));
      if (i < ids.length && ids[i] !== 0) text += words[ids[i]!]!.replace('▁', ' ');
    }
    return text.replace(/^ /, '');
  },
};

const pieces = (tokenizer: Tokenizer, before: readonly number[], ids: readonly number[]): string[] => {
  const stream = new TextStream(tokenizer, before);
  return [...ids.map((id) => stream.push(id)), stream.flush()];
};

describe('TextStream', () => {
  it('holds a character back until its last byte', () => {
    const bytes = utf8('a你b');
    expect(pieces(byteLevel, [], bytes)).toEqual(['a', '', '', '你', 'b', '']);
  });

  it('holds back a character that is split between tokens of several bytes', () => {
    // 41 f0 9f | 98 | 80: the letter A and a character of four bytes.
    expect(pieces(byteLevel, [], [262, 0x98, 0x80])).toEqual(['A', '', '\u{1F600}', '']);
    // e4 bd | a0 e5 | a5 | bd: two characters over a shared token.
    expect(pieces(byteLevel, [], [260, 261, 0xa5, 0xbd])).toEqual(['', '你', '', '好', '']);
  });

  it('prints an unfinished character as U+FFFD when the text ends', () => {
    expect(pieces(byteLevel, [], [0x61, 0xe4])).toEqual(['a', '', '\uFFFD']);
  });

  it('prints bytes that are not text as soon as no later byte can complete them', () => {
    expect(pieces(byteLevel, [], [0xff, 0x61])).toEqual(['', '\uFFFDa', '']);
    const invalid = pieces(byteLevel, [], new Array<number>(200).fill(0xff));
    expect(invalid.slice(3, 200)).toEqual(new Array<string>(197).fill('\uFFFD'));
    expect(invalid[200]).toBe('\uFFFD'.repeat(3));
    // An incomplete character again and again: 200 of E4 BD.
    const broken = pieces(byteLevel, [0x61], new Array<number>(200).fill(260));
    expect(broken.join('')).toBe('\uFFFD'.repeat(200));
    expect(broken.slice(3, 200)).toEqual(new Array<string>(197).fill('\uFFFD'));
  });

  it('keeps the window short, whatever the ids are', () => {
    for (const id of [0x61, 0xff, 260, 261, 0x80, control]) {
      let most = 0;
      const counting: Tokenizer = {
        ...byteLevel,
        decode: (ids) => {
          most = Math.max(most, ids.length);
          return byteLevel.decode(ids);
        },
      };
      const stream = new TextStream(counting);
      for (let i = 0; i < 500; i++) stream.push(id);
      expect(most).toBeLessThan(40);
      expect(stream.state.window.length).toBeLessThan(40);
    }
  });

  it('omits control tokens, also between words', () => {
    expect(pieces(byteLevel, [control], [0x61, control, control, 0x62])).toEqual(['a', '', '', 'b', '']);
    expect(pieces(marked, [0], [1, 0, 2, 0, 0, 2])).toEqual(['once', '', ' upon', '', '', ' upon', '']);
  });

  it('keeps the space before each word but the first of a text', () => {
    expect(pieces(marked, [], [1, 2, 4, 6])).toEqual(['once', ' upon', ' a', 'time', '']);
  });

  it('keeps the space before the first word after a prompt', () => {
    expect(pieces(marked, [0, 1], [2, 4])).toEqual([' upon', ' a', '']);
    expect(pieces(marked, [0], [1, 2])).toEqual(['once', ' upon', '']);
  });

  it('prints a space alone when it is a token', () => {
    expect(pieces(marked, [1], [5, 5, 3])).toEqual([' ', ' ', 'a', '']);
  });

  it('prints characters of byte tokens among words', () => {
    const bytes = utf8('é').map((byte) => 100 + byte);
    expect(pieces(marked, [1], [2, ...bytes, 4])).toEqual([' upon', '', 'é', ' a', '']);
  });

  it('completes a character that the prompt started', () => {
    const [first, ...rest] = utf8('你');
    expect(pieces(byteLevel, [0x61, first!], rest)).toEqual(['', '你', '']);
    // The token before it also has text: 41 F0 9F.
    expect(pieces(byteLevel, [0x61, 262], [0x98, 0x80, 0x21])).toEqual(['', '\u{1F600}', '!', '']);
    expect(pieces(byteLevel, [260], [0xa0, 0x21])).toEqual(['你', '!', '']);
  });

  it("does not repeat a prompt's U+FFFD, whether it is a character or invalid bytes", () => {
    expect(pieces(byteLevel, utf8('a\uFFFD'), utf8('b'))).toEqual(['b', '']);
    expect(pieces(byteLevel, utf8('\uFFFD\uFFFD'), utf8('\uFFFDb'))).toEqual(['', '', '', '\uFFFDb', '']);
    expect(pieces(byteLevel, [0x61, 0xe4], utf8('b'))).toEqual(['b', '']);
    expect(pieces(byteLevel, [0x61, 0xe4], [])).toEqual(['']);
  });

  it('keeps control tokens when it is asked to', () => {
    const spelled: Tokenizer = {
      ...byteLevel,
      decode: (ids, { skipSpecialTokens = true } = {}) =>
        Array.from(ids, (id) => (id === control ? (skipSpecialTokens ? '' : '<c>') : byteLevel.decode([id]))).join(''),
    };
    const stream = new TextStream(spelled, [control], { skipSpecialTokens: false });
    expect([control, 0x61, control].map((id) => stream.push(id))).toEqual(['<c>', 'a', '<c>']);
    expect(TextStream.from(spelled, stream.state).push(control)).toBe('<c>');
  });

  it('follows decoders that judge a whole run of bytes', () => {
    // As the ByteFallback of Hugging Face's tokenizers: a run that is not UTF-8 as a whole is one U+FFFD per byte.
    const runs: Tokenizer = {
      vocabSize: 257,
      encode: utf8,
      decode: (ids) => {
        let text = '';
        for (let from = 0; from < ids.length; ) {
          let to = from;
          while (to < ids.length && ids[to]! < 256) to++;
          if (to > from)
            try {
              text += new TextDecoder('utf-8', { fatal: true }).decode(
                Uint8Array.from(Array.from(ids).slice(from, to)),
              );
            } catch {
              text += '\uFFFD'.repeat(to - from);
            }
          else text += '|';
          from = Math.max(to, from + 1);
        }
        return text;
      },
    };
    const long = utf8('你好世界'.repeat(5));
    expect(pieces(runs, long, long).join('')).toBe('你好世界'.repeat(5));
    expect(pieces(runs, [...long, 0xe4], [0xbd, 0xa0, 256])).toEqual(['', '你', '|', '']);
    expect(pieces(runs, [], [...utf8('你'), 0xff, 256, ...utf8('好')]).join('')).toBe('你\uFFFD|好');
    expect(pieces(runs, long, new Array<number>(100).fill(0xff)).join('')).toBe('\uFFFD'.repeat(100));
  });

  it('is independent after a fork', () => {
    const stream = new TextStream(byteLevel);
    stream.push(0xe4);
    const fork = stream.fork();
    expect([stream.push(0xbd), stream.push(0xa0)]).toEqual(['', '你']);
    expect(fork.flush()).toBe('\uFFFD');
  });

  it('continues from its state after a round trip through JSON', () => {
    const stream = new TextStream(marked, [0, 1]);
    stream.push(100 + 0xc3);
    const restored = TextStream.from(marked, JSON.parse(JSON.stringify(stream.state)));
    expect([restored.push(100 + 0xa9), restored.push(2)]).toEqual(['é', ' upon']);
  });

  it('decodes a short window, however long the text is', () => {
    let most = 0;
    const counting: Tokenizer = {
      ...byteLevel,
      decode: (ids) => {
        most = Math.max(most, ids.length);
        return byteLevel.decode(ids);
      },
    };
    const stream = new TextStream(counting, new Array<number>(500).fill(0x61));
    for (let i = 0; i < 500; i++) stream.push(0x62);
    expect(most).toBeLessThan(24);
  });

  it('gives pieces that join to what the ids add to the text before them', () => {
    const id = fc.oneof(
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 255 }) },
      { weight: 2, arbitrary: fc.integer({ min: 256, max: control }) },
    );
    const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((prompt) => !prompt.includes('\uFFFD'));
    const ids = fc.oneof(text.map(utf8), fc.array(id, { maxLength: 24 }));
    fc.assert(
      fc.property(text, ids, (prompt, added) => {
        const before = utf8(prompt);
        const whole = byteLevel.decode([...before, ...added]);
        const given = pieces(byteLevel, before, added);
        expect(given.join('')).toBe(whole.slice(prompt.length));
        expect(continuation(byteLevel, before, added)).toBe(whole.slice(prompt.length));
        // Nothing is held back for longer than a character can be.
        let shown = prompt.length;
        for (const [at, piece] of given.slice(0, -1).entries()) {
          shown += piece.length;
          const settled = byteLevel.decode([...before, ...added.slice(0, at + 1)]).replace(/\uFFFD{1,3}$/, '');
          expect(shown).toBeGreaterThanOrEqual(settled.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('also gives exact pieces for words with marked spaces, control tokens and bytes', () => {
    const letters = fc.constantFrom('é', '你', '\u{1F600}', 'x').map((text) => utf8(text).map((byte) => 100 + byte));
    const id = fc.integer({ min: 0, max: words.length - 1 }).map((word) => [word]);
    const ids = fc.array(fc.oneof({ weight: 3, arbitrary: id }, { weight: 1, arbitrary: letters }), { maxLength: 16 });
    fc.assert(
      fc.property(ids, ids, (first, second) => {
        const [before, added] = [first.flat(), second.flat()];
        const whole = marked.decode([...before, ...added]);
        expect(pieces(marked, before, added).join('')).toBe(whole.slice(marked.decode(before).length));
      }),
      { numRuns: 500 },
    );
  });
});
