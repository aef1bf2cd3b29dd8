import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sampler } from '@tokenwright/core';
import { greedy } from '@tokenwright/samplers';
import { describe, expect, it } from 'vitest';
import { type Command, parse } from '../cli/command.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { checkGenerateFlags, generateFlags, optionsOf } from './generate-flags.ts';
import { GrammarReading, grammarOf } from './grammar-flags.ts';

const folder = temporaryFolder();

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A token for each byte. */
const tokenizer = {
  vocabSize: 128,
  encode: (text: string) => Array.from(text, (character) => character.charCodeAt(0)),
  decode: (ids: ArrayLike<number>) => String.fromCharCode(...Array.from(ids)),
};

const command: Command = {
  name: 'test',
  about: '',
  operands: [],
  flags: generateFlags,
  examples: [],
  run: () => Promise.resolve(undefined),
};
const given = (...words: string[]) => parse(command, words);
const namesOf = (samplers: readonly Sampler[] | undefined) => samplers?.map(({ name }) => name);

const age = '{"type":"object","properties":{"age":{"type":"integer"}},"required":["age"]}';

describe('a grammar', () => {
  it.each<[string, string[], string, string]>([
    ['a schema in a file', ['--schema', file('age.json', `\ufeff${age}`)], '{"age": 7}', '{"age": x'],
    ['a schema', ['--schema', age], '{"age":7}', '{"name"'],
    ['a compact schema', ['--schema', age, '--compact'], '{"age":7}', '{ '],
    ['a schema that is true', ['--schema', 'true'], '[null]', 'nil'],
    ['a pattern', ['--regex', '(?:ab)+?c, x'], 'ababc, x', 'b'],
    ['a grammar in a file', ['--grammar', file('a.gbnf', 'root ::= "a" root | "b"\n')], 'aab', 'c'],
    ['a grammar', ['--grammar', 'root ::= "a"+'], 'aa', 'b'],
    ['choices', ['--choices', 'yes,no', '--choices', ' may be'], ' may be', 'yes,'],
    ['choices with commas', ['--choices', '["a, b","c"]'], 'a, b', 'a,b'],
  ])('is %s', (_, words, fits, fails) => {
    const grammar = grammarOf(given(...words))!;
    const after = (text: string) => new GrammarReading(grammar, tokenizer).read(tokenizer.encode(text)).place;
    expect(after(fits).complete).toBe(true);
    expect(after('').complete).toBe(false);
    expect(after(fails)).toEqual({ complete: false, at: '#' });
  });

  it('knows the place of a text', () => {
    const reading = new GrammarReading(grammarOf(given('--schema', age))!, tokenizer);
    expect(reading.read(tokenizer.encode('{"age":1')).place).toEqual({ complete: false, at: '#/properties/age' });
    expect(reading.read(tokenizer.encode('}')).place.complete).toBe(true);
  });

  it('comes before the chain of the command line, of the preset, or of the model', () => {
    const sources = { tokenizer, generationConfig: {} };
    const defaults = { samplers: [greedy()] };
    const of = (...words: string[]) =>
      namesOf(optionsOf(given(...words), { ...sources, model: { defaults } }).samplers);
    expect(of('--choices', 'a')).toEqual(['constrain', 'greedy']);
    expect(of('--top-k', '3', '--choices', 'a', '--min-p', '0.1')).toEqual(['constrain', 'top-k', 'min-p']);
    expect(of('--choices', 'a', '--preset', 'gpt2')?.[0]).toBe('constrain');
    expect(of('--choices', 'a', '--preset', 'gpt2')?.length).toBeGreaterThan(1);
    expect(of('--regex', 'a')).toEqual(['constrain', 'greedy']);
    expect(of()).toBeUndefined();
  });

  const reference = file('reference.json', '{"properties":\n {"a":{"$dynamicRef":"#x"}}}');
  const comma = file('comma.json', '{"type":\n "object",}');
  const rules = file('rules.gbnf', 'root ::= item\nitem ::= other "x"\n');
  it.each<[string[], string]>([
    [['--schema', reference], `--schema: ${reference}#/properties/a: '$dynamicRef' is not supported.`],
    [['--schema', '{"type":"thing"}'], "--schema: #: 'type' "],
    [['--schema', comma], `--schema: ${comma} is not JSON: Expected double-quoted property name`],
    [['--schema', '{"a"'], '--schema: the schema is not JSON: '],
    [['--schema', join(folder, 'none')], `--schema: ${join(folder, 'none')} cannot be read: ENOENT`],
    [['--grammar', rules], `--grammar: ${rules}: the unknown rule 'other' at line 2, column 10 of the grammar.`],
    [['--regex', '(a'], "--regex: '(' without ')' at position 0 of '(a'."],
    [['--choices', '[]'], '--choices: texts must be a list of texts that is not empty'],
    [['--choices', '[1]'], '--choices: texts[0] must be'],
    [
      ['--regex', 'a', '--choices', 'b'],
      'Give one of --schema, --regex, --grammar and --choices, not --regex and --choices.',
    ],
    [['--compact', '--regex', 'a'], '--compact goes with --schema only.'],
    [['--draft', 'forced-text'], '--draft forced-text needs --schema, --regex, --grammar or --choices.'],
  ])('is refused before the model is loaded: %j', (words, message) => {
    expect(() => checkGenerateFlags(given(...words))).toThrow(message);
    expect(() => checkGenerateFlags(given(...words))).toThrow(expect.objectContaining({ status: 2 }));
  });
});
