import { describe, expect, it } from 'vitest';
import {
  type Automaton,
  alternatives,
  choices,
  GrammarError,
  GrammarLimitError,
  GrammarSyntaxError,
  gbnf,
  jsonSchema,
  type Machine,
  regularExpression,
  repeated,
  sequence,
  textUpTo,
  textWithout,
  triggered,
} from './index.ts';
import { accepts } from './testing/accepts.ts';

describe('choices', () => {
  it.each([
    ['yes', true],
    ['no', true],
    ['not', false],
    ['n', false],
    ['', false],
    ['日本', true],
  ])('%s: %s', (text, expected) => {
    expect(accepts(choices(['yes', 'no', 'yesterday', '日本']), text)).toBe(expected);
  });

  it('refuses an empty list', () => {
    expect(() => choices([])).toThrow('a list of texts');
  });
});

describe('regularExpression', () => {
  it.each([
    ['abc', ['abc'], ['', 'ab', 'abcd', 'xabc']],
    ['', [''], ['a']],
    ['a|bc|', ['a', 'bc', ''], ['b', 'abc']],
    ['(?:ab){2}', ['abab'], ['ab', 'ababab']],
    ['a{2,}', ['aa', 'aaaa'], ['a']],
    ['a{0}b', ['b'], ['ab']],
    ['(a*)*b', ['b', 'aaab'], ['a']],
    ['[^a-c]', ['d', '\n', '😀', 'é'], ['a', '']],
    ['.', ['x', '😀', '\t'], ['\n', '\u2028', '']],
    ['[\\d\\-x]*', ['1-x'], ['y']],
    ['[\\w-]+', ['a-b'], ['a b']],
    ['\\x41\\u00e9\\u{1F600}', ['Aé😀'], ['A']],
    ['\\ud83d\\ude00', ['😀'], ['']],
    ['^ab$', ['ab'], ['a']],
    ['(^a|b)c', ['ac', 'bc'], ['c']],
    ['(?!foo)[a-z]+', ['fo', 'bar', 'xfoo'], ['foo', 'foobar']],
    ['(?=.*\\d)[a-z\\d]{2,4}', ['a1', '1abc'], ['ab', 'abcd1']],
    ['\\p{Lu}\\p{Ll}+', ['Éa', 'Ab'], ['ab']],
    ['a+?b', ['aab'], ['b']],
    ['(?<year>\\d{4})', ['2026'], ['26']],
    ['a\\/b\\-c', ['a/b-c'], ['a\\/b']],
  ])('%s', (pattern, good, bad) => {
    const machine = regularExpression(pattern);
    for (const text of good) expect([text, accepts(machine, text)]).toEqual([text, true]);
    for (const text of bad) expect([text, accepts(machine, text)]).toEqual([text, false]);
  });

  it.each([
    ['(ab', "'(' without ')'"],
    ['ab)', "')' without '('"],
    ['a[b', "'[' without ']'"],
    ['*a', "'*' with nothing to repeat"],
    ['a**', 'a repetition of a repetition'],
    ['a{2,1}', 'the larger bound first'],
    ['(?<=a)b', 'not supported'],
    ['(a)\\1', "the escape '\\1'"],
    ['\\bword', "the escape '\\b'"],
    ['a\\', 'a backslash at the end'],
    ['\\p{Nonsense}', 'the unknown property'],
    ['(a$){1,}', 'an assertion inside a repetition'],
  ])('refuses %s', (pattern, problem) => {
    expect(() => regularExpression(pattern)).toThrow(GrammarSyntaxError);
    expect(() => regularExpression(pattern)).toThrow(problem);
  });

  it('bounds what a hostile pattern costs', () => {
    const machine = regularExpression('(?!(.*a.{25}b)).*c.{25}(?=.{9}$)(?!.*d.{9}$).*');
    const start = performance.now();
    expect(() => accepts(machine, 'a'.repeat(40).concat('cab'.repeat(30)))).toThrow(GrammarLimitError);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

describe('gbnf', () => {
  const arithmetic = `
    # sums of products
    root   ::= term ([-+] term)*
    term   ::= factor ("*" factor)*   # a comment
    factor ::= [0-9]+
      | "(" root ")"
  `;

  it.each([
    [arithmetic, ['1', '1+2*3', '((1))', '(1+2)*(3)'], ['', '(1', '1)', '1+', '()']],
    ['root ::= "a" root "b" | ""', ['', 'ab', 'aaabbb'], ['aab', 'ba']],
    ['root ::= [^\\n]{2,3} "\\n"', ['ab\n', 'é😀x\n'], ['a\n', 'abcd\n']],
    ['root ::= (item ","?)*\nitem ::= "x" | "[" root "]"', ['', 'x,x', '[x,[x]]'], ['[x', ',']],
    ['root ::= list{2}\nlist ::= "(" list* ")"', ['()()', '(())()'], ['()', '()()()']],
    ['root ::= "\\"\\x41\\u00e9\\\\"', ['"Aé\\'], ['A']],
  ])('%s', (grammar, good, bad) => {
    const machine = gbnf(grammar);
    for (const text of good) expect([text, accepts(machine, text)]).toEqual([text, true]);
    for (const text of bad) expect([text, accepts(machine, text)]).toEqual([text, false]);
  });

  it.each([
    ['root ::= x', GrammarSyntaxError, "the unknown rule 'x'"],
    ['root = "a"', GrammarSyntaxError, "'::=' is missing"],
    ['root ::= "a', GrammarSyntaxError, 'without a closing'],
    ['root ::= ("a"', GrammarSyntaxError, "'(' without ')'"],
    ['root ::= root "a" | "a"', GrammarError, 'left recursion'],
    ['root ::= a\na ::= "x"? b\nb ::= a', GrammarError, 'matches no text'],
    ['root ::= "a"\nroot ::= "b"', GrammarSyntaxError, 'a second rule'],
  ])('refuses %s', (grammar, kind, problem) => {
    expect(() => gbnf(grammar)).toThrow(kind);
    expect(() => gbnf(grammar)).toThrow(problem);
  });
});

describe('triggered', () => {
  const call = {
    begin: '<tool>add:',
    content: jsonSchema({ type: 'array', items: { type: 'integer' } }),
    end: '</tool>',
  };
  const say = { begin: '<tool>say:', content: choices(['hi']), end: '</tool>' };
  const options = { triggers: ['<tool>'], tags: [call, say] };

  it.each([
    ['', true],
    ['free text < and <too', true],
    ['so: <tool>add:[1,2]</tool> done <tool>say:hi</tool>', true],
    ['<tool>', false],
    ['<tool>nonsense', false],
    ['<tool>add:[1,</tool>', false],
    ['<tool>say:hi', false],
  ])('%s: %s', (text, expected) => {
    expect(accepts(triggered(options), text)).toBe(expected);
  });

  it('can require a tag and stop after it', () => {
    const machine: Automaton = triggered({ ...options, atLeastOne: true, stopAfterFirst: true });
    expect(accepts(machine, 'x')).toBe(false);
    expect(accepts(machine, 'x<tool>say:hi</tool>')).toBe(true);
    expect(accepts(machine, 'x<tool>say:hi</tool>y')).toBe(false);
  });

  it('refuses tags without a trigger', () => {
    expect(() => triggered({ triggers: ['<a>'], tags: [say] })).toThrow('a text that begins with a trigger');
  });
});

describe('sequence, alternatives, repeated, textWithout and textUpTo', () => {
  const number = jsonSchema({ type: 'integer' });
  it.each([
    ['a sequence', sequence(['a', number, 'b']), ['a1b', 'a-20b'], ['ab', 'a1', 'a1bb', '1b']],
    ['an empty sequence', sequence([]), [''], ['a']],
    ['a sequence of empty texts', sequence(['', '']), [''], ['a']],
    ['alternatives', alternatives(['', 'ab', number]), ['', 'ab', '7'], ['a', 'ab7', 'b']],
    ['repetition', repeated(number, { separator: ', ' }), ['', '1', '1, 2', '1, 2, 34'], ['1,2', '1, ', ', 1']],
    ['bounded repetition', repeated('ab', { min: 2, max: 3 }), ['abab', 'ababab'], ['', 'ab', 'abababab']],
    [
      'repetition of a part that may be empty',
      repeated(alternatives(['', 'a']), { separator: ',' }),
      ['', 'a', ',,a'],
      ['aa'],
    ],
    ['text without a mark', textWithout(['</t>']), ['', 'a</t', '<</t', '日本'], ['</t>', 'a</t>b', '<</t>']],
    ['text up to a mark', textUpTo('>>>'), ['>>>', 'a>b>>>'], ['', '>>', '>>>>', 'a>>>b>>>']],
    ['text up to a mark, without another', textUpTo('</t>', ['<u>']), ['</t>', '<u</t>'], ['<u></t>', '</t><u>']],
    [
      'a part in several places',
      sequence([repeated(number, { max: 2, separator: ' ' }), '|', alternatives([number, 'x'])]),
      ['|x', '1 2|3', '1|x'],
      ['1 2 3|x', '1|'],
    ],
    [
      'text up to a mark, then JSON',
      sequence([textUpTo('</t>'), jsonSchema({ type: 'object', additionalProperties: false })]),
      ['</t>{}', 'a <b></t>{ }', '</</t>{}'],
      ['{}', '</t>', 'a</t>{}</t>'],
    ],
  ])('%s', (_, machine, good, bad) => {
    for (const text of good) expect([text, accepts(machine, text)]).toEqual([text, true]);
    for (const text of bad) expect([text, accepts(machine, text)]).toEqual([text, false]);
  });

  it('builds a part once, however often it occurs', () => {
    let rest: Machine | string = '';
    for (let at = 0; at < 40; at++) {
      const name = String.fromCharCode(97 + (at % 26));
      rest = alternatives([sequence([name, ',', rest]), sequence([name, ';', rest]), rest]);
    }
    expect(accepts(sequence([rest]), 'n,m;l,k,j,i,h,g,f,e,d;c,b;a,')).toBe(true);
    expect(accepts(sequence([rest]), 'n,m;l,k,j,i,h,g,f,e,d;c,b;a')).toBe(false);
  });

  it('refuses other parts', () => {
    expect(() => sequence([1 as never])).toThrow('parts[0] must be a text, or a grammar of this package');
    expect(() => alternatives([])).toThrow('parts');
    expect(() => repeated('a', { min: 2, max: 1 })).toThrow('max');
    expect(() => repeated('a', { separater: ',' } as never)).toThrow("'separator'");
    expect(() => repeated('').initial).toThrow('matches the empty text');
    expect(() => textWithout([''])).toThrow('texts that are not empty');
    expect(() => textUpTo('')).toThrow('a text that is not empty');
    expect(() => textUpTo('a', [''])).toThrow('texts that are not empty');
  });
});
