import { expect, it } from 'vitest';
import { charactersOf, columnsOf } from './terminal.ts';
import { TextFlow } from './text-flow.ts';

/** What a terminal shows after some pieces. */
function shown(pieces: readonly string[], width: number): string[] {
  let lines = [''];
  const flow = new TextFlow({
    print(text) {
      const [first = '', ...rest] = text.split('\n');
      lines = [...lines.slice(0, -1), lines.at(-1)! + first, ...rest];
    },
    eraseBack(columns) {
      const kept = charactersOf(lines.at(-1)!);
      for (let left = columns; left > 0; left -= columnsOf(kept.pop()!));
      lines = [...lines.slice(0, -1), kept.join('')];
    },
    width: () => width,
  });
  for (const piece of pieces) flow.write(piece);
  return lines.map((line) => line.trimEnd());
}

const prose = 'It was a dark and stormy night; the rain fell in torrents, except at occasional intervals.';

it('breaks between words', () => {
  expect(shown(['one two three four'], 11)).toEqual(['one two', 'three four']);
  expect(shown(['one two\n\nthree'], 40)).toEqual(['one two', '', 'three']);
});

it('takes a word back that does not fit any more', () => {
  expect(shown(['one two th', 're', 'e four'], 11)).toEqual(['one two', 'three four']);
});

it.each([12, 20, 33, 80])('shows the same for every way to cut the text into pieces, in %i columns', (width) => {
  const whole = shown([prose], width);
  for (const line of whole) expect(columnsOf(line)).toBeLessThan(width);
  expect(whole.join(' ')).toBe(prose);
  for (const size of [1, 2, 3, 7]) expect(shown(prose.match(new RegExp(`.{1,${size}}`, 'g'))!, width)).toEqual(whole);
});

it('breaks a word that is longer than a line', () => {
  expect(shown(['abc ', 'defghijklmnop', ' q'], 7)).toEqual(['abc', 'defghi', 'jklmno', 'p q']);
});

it('counts wide characters twice, and breaks between them', () => {
  expect(shown(['日本語の', '文章です'], 9)).toEqual(['日本語の', '文章です']);
  expect(shown(['ab 日本', '語 👩‍🚀👩‍🚀'], 9)).toEqual(['ab 日本', '語 👩‍🚀👩‍🚀']);
});

it('leaves a text as it is where there is no terminal', () => {
  const printed: string[] = [];
  const flow = new TextFlow({ print: (text) => printed.push(text), eraseBack() {}, width: () => undefined });
  flow.write(prose.repeat(3));
  flow.write('\r\n\t x');
  expect(printed).toEqual([prose.repeat(3), '\r\n\t x']);
});
