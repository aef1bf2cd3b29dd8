import * as contrastive from '@tokenwright/contrastive';
import { generateOptions } from '@tokenwright/core/strategy';

const generateOptionNames = Object.keys(generateOptions);

import * as samplers from '@tokenwright/samplers';
import { describe, expect, it } from 'vitest';
import { Given } from '../cli/command.ts';
import { commands } from '../program.ts';
import { ruleTable } from './contrast-flags.ts';
import { flagOfOption, generateFlags, withoutFlag } from './generate-flags.ts';
import { parametersOf, presetOf, presets, samplersOf } from './sampler-flags.ts';
import { samplerTable } from './sampler-table.ts';
import { drafterTable, strategyOf, strategyTable } from './strategy-flags.ts';

const tokenizer = {
  vocabSize: 256,
  encode: (text: string) => Array.from(text, (character) => character.charCodeAt(0) % 256),
  decode: (ids: ArrayLike<number>) => String.fromCharCode(...Array.from(ids)),
};

/** What `@tokenwright/samplers` exports and no flag gives, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  minLength: '--min-length is the option that does the same',
  minNewTokens: '--min-new-tokens is the option that does the same',
  forcedBosTokenId: '--forced-bos-token is the option that does the same',
  forcedEosTokenId: '--forced-eos-token is the option that does the same',
  prefixFunction: 'takes a function of a program',
  badWordTokens: 'what --bad-words uses',
  dryBreakers: 'what --dry uses',
  dryBreakerTexts: 'what --dry uses',
  vocabularyTexts: 'for programs',
  chainFromJson: 'what --chain uses',
  chainToJson: 'for programs',
  checkChain: 'its warnings are printed',
  diffChains: 'for programs',
  printDifferences: 'for programs',
  printChain: 'what --verbose prints',
  printSampler: 'for programs',
  samplerRegistry: 'what --chain uses',
  draftModel: 'what --draft uses for a model',
  detectGreenList: 'for programs',
  detectSynthId: 'for programs',
  distinctNgrams: "what 'strategies' measures",
  repeatedNgrams: "what 'strategies' measures",
  fromGenerationConfig: 'the chain where no sampler is given',
  healPrompt: 'for programs; --token-healing is its second half',
  PatternError: 'an error',
};

const strategyFor = (value: string): ReturnType<typeof strategyOf> =>
  strategyOf(new Given([], [{ name: 'strategy', value }]), undefined);

const exported = new Map<string, unknown>(Object.entries(samplers));

describe('the flags', () => {
  it.each(generateOptionNames)('reach the option %s, or say why not', (name) => {
    expect(flagOfOption.get(name) ?? withoutFlag[name as keyof typeof withoutFlag]).toBeDefined();
  });

  it('name no option that the library lacks', () => {
    const named = [...flagOfOption.keys(), ...Object.keys(withoutFlag)];
    expect(named.filter((name) => !generateOptionNames.includes(name))).toEqual([]);
  });

  it.each([...exported.keys()])('reach %s of the samplers, or say why not', (name) => {
    const reached = new Set<unknown>([
      ...samplerTable.map(({ make }) => make),
      ...Object.values(presets),
      ...Object.values(strategyTable).map(({ make }) => make),
      ...Object.values(drafterTable),
    ]);
    expect(reached.has(exported.get(name)) || elsewhere[name] !== undefined).toBe(true);
  });

  it('reach every rule of contrast', () => {
    const helpers = ['combine', 'influence', 'samplingWithInfluence'];
    const rules = Object.keys(contrastive).filter((name) => !helpers.includes(name));
    const reached = Object.values(ruleTable).map(({ name }) => name);
    expect(reached.sort()).toEqual(rules.sort());
  });

  it.each(commands.map((command) => [command.name, command] as const))(
    'of %s have one meaning each',
    (_, { flags }) => {
      const names = flags.flatMap(({ name, short }) => [name, ...(short === undefined ? [] : [short])]);
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
      for (const { help, group } of flags) expect(help !== '' && group !== '').toBe(true);
    },
  );

  it('of the samplers are all in generate', () => {
    const names = generateFlags.map(({ name }) => name);
    expect(samplerTable.filter(({ name }) => !names.includes(name))).toEqual([]);
  });
});

describe('the value of a sampler flag', () => {
  it.each([
    ['top-p', 'p', '0.9', { p: 0.9 }],
    ['top-p', 'p', '0.9,border=at-most,min-keep=2', { p: 0.9, border: 'at-most', minKeep: 2 }],
    ['top-k', 'k', 'share=.5', { share: 0.5 }],
    [
      'repetition-penalty',
      'penalty',
      '1.1,window=all,count-prompt=false',
      { penalty: 1.1, window: 'all', countPrompt: false },
    ],
    ['mirostat-2', 'tau', 'default', {}],
    ['xtc', 'probability', '{"probability":0.5}', { probability: 0.5 }],
  ])('--%s: %s and %s', (name, main, text, expected) => {
    expect(parametersOf({ name, main }, text)).toEqual(expected);
  });

  it.each([
    ['0.9,2', /--top-p: '2' lacks a name/],
    ['0.9,p=2', /p was given twice/],
    ['{"p":', /the JSON cannot be read/],
    ['1.2.3', /wants a number, but '1.2.3'/],
  ])('refuses %s', (text, message) => {
    expect(() => parametersOf({ name: 'top-p', main: 'p' }, text)).toThrow(message);
  });

  it.each([
    ['bad-words', 'hell'],
    ['sequence-bias', 'a=b=-Infinity'],
    ['token-bias', '5=1,6=-Infinity'],
    ['suppress-tokens', '5, 6'],
    ['dry', '0.8,breakers=usual'],
    ['thinking-budget', '8,closing=stop</think>'],
    ['infill', 'default'],
    ['regex', '[0-9]{4}'],
    ['token-healing', 'htt'],
    ['green-list', '2,ratio=0.5'],
    ['synth-id', '3,1,4'],
    ['chain', '[{"sampler":"top-k","parameters":{"k":4}},{"sampler":"infill"}]'],
  ])('--%s %s makes a sampler', (name, value) => {
    expect(samplersOf([{ name, value }], tokenizer).length).toBeGreaterThan(0);
  });

  it.each([
    ['suppress-tokens', '3,'],
    ['suppress-tokens', 'x'],
    ['allowed-tokens', ''],
    ['token-bias', '=2'],
    ['token-bias', '5'],
    ['synth-id', ',5'],
  ])('--%s %j is refused: nothing stands for token 0 unseen', (name, value) => {
    expect(() => samplersOf([{ name, value }], tokenizer)).toThrow(/must be/);
  });

  it('makes a chain in the order of the command line', () => {
    const ordered = [
      { name: 'min-p', value: '0.1' },
      { name: 'verbose', value: undefined },
      { name: 'temperature', value: '2' },
      { name: 'min-p', value: '0.2' },
    ];
    expect(samplersOf(ordered, tokenizer).map(({ name, parameters }) => [name, parameters])).toEqual([
      ['min-p', { p: 0.1, minKeep: 1 }],
      ['temperature', { t: 2 }],
      ['min-p', { p: 0.2, minKeep: 1 }],
    ]);
  });

  it('of a preset or a strategy names it first', () => {
    expect(presetOf('llama-cpp,top-k=20').options.samplers[0]).toMatchObject({ name: 'top-k', parameters: { k: 20 } });
    expect(() => presetOf('lama')).toThrow(/must be one of gpt2/);
    expect(strategyFor('beam-search,num-beams=3,early-stopping=true')?.parameters).toMatchObject({ numBeams: 3 });
    expect(() => strategyFor('beam')).toThrow(/must be one of sampling/);
    expect(() => strategyFor('speculative')).toThrow(/needs --draft/);
  });
});
