import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopStrings } from './stop.ts';

/** What comes out for each piece, up to the one that stops, and whether one did. Nothing that came in is lost. */
function run(
  strings: readonly string[],
  pieces: readonly string[],
): { texts: string[]; stopped: boolean; held: string } {
  const stops = new StopStrings(strings);
  const texts: string[] = [];
  for (const [at, piece] of pieces.entries()) {
    const { text, matched } = stops.push(piece);
    texts.push(text);
    if (matched !== undefined) {
      expect(strings).toContain(matched);
      expect(texts.join('') + matched + stops.held).toBe(pieces.slice(0, at + 1).join(''));
      return { texts, stopped: true, held: stops.flush() };
    }
  }
  return { texts, stopped: false, held: stops.flush() };
}

describe('StopStrings', () => {
  it.each<[string, string[], string[], { texts: string[]; stopped: boolean; held: string }]>([
    ['passes on all text when there are none', [], ['ab', 'c'], { texts: ['ab', 'c'], stopped: false, held: '' }],
    [
      'drops a stop string and holds what follows it',
      ['END'],
      ['a END b'],
      { texts: ['a '], stopped: true, held: ' b' },
    ],
    ['finds one across pieces', ['END'], ['a E', 'N', 'D b'], { texts: ['a ', '', ''], stopped: true, held: ' b' }],
    ['finds one at the very start', ['END'], ['END'], { texts: [''], stopped: true, held: '' }],
    ['releases what turns out to be none', ['END'], ['aEN', 'x'], { texts: ['a', 'ENx'], stopped: false, held: '' }],
    ['keeps what may still begin one', ['END'], ['aEN'], { texts: ['a'], stopped: false, held: 'EN' }],
    [
      'holds back the longest beginning that repeats itself',
      ['aab'],
      ['a', 'a', 'a', 'a', 'b'],
      { texts: ['', '', 'a', 'a', ''], stopped: true, held: '' },
    ],
    [
      'looks for two at once, whichever comes first',
      ['xyz', 'yq'],
      ['ax', 'y', 'q'],
      { texts: ['a', '', 'x'], stopped: true, held: '' },
    ],
    ['stops at the one that is complete first', ['abcd', 'b'], ['ab'], { texts: ['a'], stopped: true, held: '' }],
    [
      'is not misled by a longer one in the same piece',
      ['abcd', 'b'],
      ['abcd'],
      { texts: ['a'], stopped: true, held: 'cd' },
    ],
    ['drops the longer of two that end together', ['bc', 'abc'], ['xabc'], { texts: ['x'], stopped: true, held: '' }],
    ['knows characters of two code units', ['\u{1F600}'], ['a\u{1F600}'], { texts: ['a'], stopped: true, held: '' }],
  ])('%s', (_, strings, pieces, expected) => {
    expect(run(strings, pieces)).toEqual(expected);
  });

  it('goes its own way after a fork', () => {
    const stops = new StopStrings(['END']);
    stops.push('E');
    const fork = stops.fork();
    expect(stops.push('x')).toEqual({ text: 'Ex' });
    expect(fork.push('ND')).toEqual({ text: '', matched: 'END' });
  });

  it('continues text that an earlier call held back', () => {
    const earlier = new StopStrings(['END']);
    earlier.push('aE');
    expect(new StopStrings(['END'], earlier.state).push('ND')).toEqual({ text: '', matched: 'END' });
  });

  it('finds one in hidden text and across its border, and never prints hidden text', () => {
    const stops = new StopStrings(['\n<end>']);
    expect(stops.push('Hi\n')).toEqual({ text: 'Hi' });
    expect(stops.fork().push('<end>', { hidden: true })).toEqual({ text: '', matched: '\n<end>' });
    expect(stops.push('<other>', { hidden: true })).toEqual({ text: '\n' });
    expect(stops.push('<end>', { hidden: true })).toEqual({ text: '' });
    const beginning = new StopStrings(['<a><b>']);
    expect(beginning.push('x<a>', { hidden: false })).toEqual({ text: 'x' });
    expect(new StopStrings(['<a><b>'], beginning.state).push('<b>', { hidden: true }).matched).toBe('<a><b>');
    const hidden = new StopStrings(['<a>b']);
    expect(hidden.push('<a>', { hidden: true })).toEqual({ text: '' });
    expect(hidden.held).toBe('');
    expect(hidden.push('c')).toEqual({ text: 'c' });
  });

  it('takes one that is complete too early for text, and finds one that is complete later', () => {
    const stops = new StopStrings(['ab']);
    expect(stops.push('xaby', { mayStop: false })).toEqual({ text: 'xaby' });
    expect(stops.push('za', { mayStop: false })).toEqual({ text: 'z' });
    expect(stops.push('bc')).toEqual({ text: '', matched: 'ab' });
    const again = new StopStrings(['aa']);
    expect(again.push('aa', { mayStop: false })).toEqual({ text: 'a' });
    expect(again.push('a')).toEqual({ text: '', matched: 'aa' });
  });

  const letters = fc.constantFrom('a', 'b', 'c');
  const strings = fc.array(fc.string({ unit: letters, minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 });
  const pieces = fc.array(fc.string({ unit: letters, maxLength: 5 }), { maxLength: 10 });

  it('cuts the text where the whole of it has a stop string, however it comes in pieces', () => {
    fc.assert(
      fc.property(fc.string({ unit: letters, minLength: 1, maxLength: 4 }), pieces, (string, parts) => {
        const whole = parts.join('');
        const at = whole.indexOf(string);
        const { texts, stopped, held } = run([string], parts);
        expect(stopped).toBe(at >= 0);
        expect(texts.join('') + (stopped ? '' : held)).toBe(at < 0 ? whole : whole.slice(0, at));
      }),
      { numRuns: 500 },
    );
  });

  it('cuts at the first of several to be complete, however it comes in pieces', () => {
    fc.assert(
      fc.property(strings, pieces, (several, parts) => {
        const whole = parts.join('');
        const ends = [...whole, ''].map((__, end) => several.filter((string) => whole.slice(0, end).endsWith(string)));
        const end = ends.findIndex((found) => found.length > 0);
        const longest = Math.max(0, ...(ends[end] ?? []).map(({ length }) => length));
        const { texts, stopped, held } = run(several, parts);
        expect(stopped).toBe(end >= 0);
        expect(texts.join('') + (stopped ? '' : held)).toBe(end < 0 ? whole : whole.slice(0, end - longest));
      }),
      { numRuns: 500 },
    );
  });

  it('never prints what may still become a stop string, and holds no more than that', () => {
    fc.assert(
      fc.property(strings, pieces, (several, parts) => {
        const stops = new StopStrings(several);
        let whole = '';
        for (const part of parts) {
          whole += part;
          if (stops.push(part).matched !== undefined) return;
          const beginning = (text: string) =>
            several.some((string) => string.length > text.length && string.startsWith(text));
          const longest = [...whole, ''].findIndex((__, from) => beginning(whole.slice(from)));
          expect(stops.held).toBe(whole.slice(longest));
        }
      }),
      { numRuns: 500 },
    );
  });
});
