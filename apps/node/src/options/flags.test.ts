import * as contrastive from '@tokenwright/contrastive';
import { defineSampler, generate, hostModel } from '@tokenwright/core';
import { integerOption } from '@tokenwright/core/options';
import { defineStrategy, generateOptions } from '@tokenwright/core/strategy';
import { createSamplerRegistry, samplerRegistry } from '@tokenwright/samplers';
import { drafterRegistry, strategyRegistry } from '@tokenwright/strategies';
import { describe, expect, it } from 'vitest';
import { type Command, Given, parse } from '../cli/command.ts';
import { commandHelp } from '../cli/help.ts';
import { allCommands } from '../program.ts';
import { ruleTable } from './contrast-flags.ts';
import { checkGenerateFlags, flagOfOption, generateFlags, optionsOf } from './generate-flags.ts';
import { presetOf } from './preset-flag.ts';
import { samplerFlags, samplerFlagsOf, samplersOf } from './sampler-flags.ts';
import { drafterOf, draftFlag, strategyFlag, strategyFlagOf, strategyOf } from './strategy-flags.ts';

const commands = await allCommands();

const tokenizer = {
  vocabSize: 256,
  encode: (text: string) => Array.from(text, (character) => character.charCodeAt(0) % 256),
  decode: (ids: ArrayLike<number>) => String.fromCharCode(...Array.from(ids)),
};

/** Samplers without a flag, and why. */
const withoutFlag: Readonly<Record<string, string>> = {
  'min-length': '--min-length is the option that does the same',
  'min-new-tokens': '--min-new-tokens is the option that does the same',
  'forced-bos-token': '--forced-bos-token-id is the option that does the same',
  'forced-eos-token': '--forced-eos-token-id is the option that does the same',
  'prefix-allowed-tokens': 'takes a function',
};

const made = (name: string, value: string) => samplersOf([{ name, value }], tokenizer);
const strategyFor = (value: string): ReturnType<typeof strategyOf> =>
  strategyOf(new Given([], [{ name: 'strategy', value }]), undefined);

/** A command with these flags and nothing else. */
const commandOf = (flags: Command['flags']): Command => ({
  name: 'test',
  about: '',
  operands: [],
  flags,
  examples: [],
  run: () => Promise.resolve(undefined),
});

const plain = (_: unknown, text: string): string => text;

describe('the flags', () => {
  it.each(Object.entries(generateOptions))('have the option %s, unless only code can give it', (name, { kind }) => {
    expect(flagOfOption.has(name)).toBe(kind !== 'code');
  });

  it('are named as the options', () => {
    for (const name of [
      'num-return-sequences',
      'max-new-tokens',
      'eos-token-ids',
      'stop-strings',
      'prefill-chunk-size',
    ])
      expect([...flagOfOption.values()]).toContain(name);
  });

  it('turn off what is on by default', () => {
    const sources = { tokenizer: { vocabSize: 1, encode: () => [], decode: () => '' }, generationConfig: {} };
    const of = (...texts: string[]) => optionsOf(parse(commandOf(generateFlags), texts), sources);
    expect(of('--keep-special-tokens').skipSpecialTokens).toBe(false);
    expect(of('--logprobs')).toMatchObject({ logprobs: true });
    expect(of()).not.toHaveProperty('skipSpecialTokens');
  });

  it.each(Object.entries(samplerRegistry))('have the sampler %s, unless it is named above', (name, { definition }) => {
    const flag = samplerFlags.find((candidate) => candidate.name === name);
    expect(flag === undefined).toBe(withoutFlag[name] !== undefined);
    if (flag !== undefined) expect(flag.help).toContain(definition?.summary);
  });

  it('have every strategy and drafter with its options', () => {
    expect(strategyFlag.choices).toEqual(['sampling', ...Object.keys(strategyRegistry)]);
    expect(strategyFlag.help).toMatch(/beam-search: .*num-beams=N, length-penalty=X \(1\)/);
    const withModel = Object.keys(drafterRegistry).filter((name) => !draftFlag.choices?.includes(name));
    expect(withModel).toEqual(['draft-model']);
    expect(drafterOf('early-exit,layer=2')).toMatchObject({ name: 'early-exit', parameters: { layer: 2 } });
    expect(drafterOf('some/folder')).toBeUndefined();
  });

  it('reach every rule of contrast', () => {
    const helpers = ['combine', 'defineRule', 'influence', 'samplingWithInfluence'];
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
    expect(samplerFlags.filter(({ name }) => !names.includes(name))).toEqual([]);
  });

  it.each([
    ['--typical', 'typical-p'],
    ['--epsilon', 'epsilon-cutoff'],
    ['--eta', 'eta-cutoff'],
    ['--green-list', 'kgw-watermark'],
    ['--sequences', 'num-return-sequences'],
    ['--end-tokens', 'eos-token-ids'],
    ['--prefill-chunk', 'prefill-chunk-size'],
    ['--forced-bos-token', 'forced-bos-token-id'],
    ['--stop', 'stop-strings'],
  ])('no longer have %s, and name %s', (before, now) => {
    expect(() => parse(commandOf(generateFlags), [before, 'x'])).toThrow(
      `There is no flag ${before}. Did you mean --${now}?`,
    );
  });
});

describe('what is defined elsewhere', () => {
  /** Removes every token below a floor. */
  const floor = defineSampler({
    name: 'id-floor',
    summary: 'Keep tokens with an id of at least LEAST-ID',
    kind: 'filter',
    options: {
      leastId: integerOption({ min: 0, off: 0, suggested: 3, help: 'Smallest id' }),
      parity: integerOption({ min: 1, default: 1, help: 'Keep multiples of this' }),
    },
    create: ({ leastId, parity }) => ({
      onHost(logits) {
        for (let id = 0; id < logits.length; id++) if (id < leastId || id % parity > 0) logits[id] = -Infinity;
      },
    }),
  });
  const registry = { ...samplerRegistry, ...createSamplerRegistry([floor]) };
  const flags = samplerFlagsOf(registry);

  it('is a flag of a sampler, in help', () => {
    const help = commandHelp(commandOf(flags), plain, 200);
    expect(help).toContain('--id-floor LEAST-ID');
    expect(help).toContain(
      'Keep tokens with an id of at least LEAST-ID (at least 0; 0 is off; for example 3). Also parity=N (1).',
    );
    expect(samplerFlags.some(({ name }) => name === 'id-floor')).toBe(false);
  });

  it('and works', async () => {
    const { ordered } = parse(commandOf(flags), ['--id-floor', '3,parity=2', '--greedy']);
    const samplers = samplersOf(ordered, tokenizer, registry);
    // Token 0 is the most probable, then 1, and so on.
    const model = hostModel({
      vocabSize: 8,
      contextLength: 32,
      logits: () => Float32Array.from({ length: 8 }, (_, id) => -id),
    });
    const { ids } = await generate(model, [0], { samplers, maxNewTokens: 2 });
    expect(ids).toEqual([[4, 4]]);
    expect(() => parse(commandOf(samplerFlags), ['--id-floor', '3'])).toThrow(/There is no flag --id-floor/);
    expect(() => samplersOf([{ name: 'id-floor', value: '-1' }], tokenizer, registry)).toThrow(
      /--id-floor: leastId must be an integer of at least 0, but -1 was given/,
    );
  });

  it('is a strategy of --strategy', () => {
    const echo = defineStrategy({
      name: 'echo',
      summary: 'Repeat the prompt',
      options: { times: integerOption({ min: 1, default: 2, help: 'How often' }) },
      create: () => ({ async *decode() {} }),
    });
    const strategies = { ...strategyRegistry, echo };
    expect(strategyFlagOf(strategies).help).toContain('echo: Repeat the prompt; times=N (2).');
    const given = new Given([], [{ name: 'strategy', value: 'echo,times=3' }]);
    expect(strategyOf(given, undefined, strategies)).toMatchObject({ name: 'echo', parameters: { times: 3 } });
  });
});

describe('the value of a sampler flag', () => {
  it.each([
    ['top-p', '0.9', { p: 0.9, minKeep: 1 }],
    ['top-p', '0.9,min-keep=2', { p: 0.9, minKeep: 2 }],
    ['top-p', '0.9,minKeep=2', { p: 0.9, minKeep: 2 }],
    ['top-k', '4,ties=keep-all', { k: 4, ties: 'keep-all' }],
    ['repetition-penalty', '1.1,window=all,count-prompt=false', { penalty: 1.1, window: 'all', countPrompt: false }],
    ['mirostat-2', 'default', { tau: 5, eta: 0.1 }],
    ['xtc', '{"probability":0.5}', { probability: 0.5, threshold: 0.1, minKeep: 1 }],
    ['suppress-tokens', '5, 6', { tokens: [5, 6] }],
    ['suppress-tokens', 'ab', { tokens: [97, 98] }],
    ['suppress-tokens-at-begin', '5,6,position=2', { tokens: [5, 6], position: 2 }],
    ['token-bias', '5=1,6=-Infinity', { biases: { 5: 1, 6: '-Infinity' } }],
    ['sequence-bias', 'a=b=-Infinity', { sequences: [{ tokens: [97, 61, 98], bias: '-Infinity' }] }],
    [
      'bad-words',
      'a,b',
      {
        words: [
          [97, 44, 98],
          [32, 97, 44, 98],
        ],
      },
    ],
    ['bad-words', '[[7,8]]', { words: [[7, 8]] }],
    ['synth-id', '3,1,4', { keys: [3, 1, 4] }],
    ['regex', '[0-9]{4},x=1', { pattern: '[0-9]{4},x=1' }],
    ['token-healing', 'default', { text: 'default' }],
    ['thinking-budget', '8,end=E,closing=stop,E', { budget: 8, end: [69], closing: [115, 116, 111, 112, 44, 69] }],
    ['thinking-budget', '8', { start: [60, 116, 104, 105, 110, 107, 62] }],
    ['dry', '0.8,breakers=usual', { multiplier: 0.8 }],
    ['dry', '0.8,breakers=[[7],[8,9]],base=2', { breakers: [[7], [8, 9]], base: 2 }],
    ['kgw-watermark', '2,greenlist-ratio=0.5', { bias: 2, greenlistRatio: 0.5 }],
    ['p-less', 'true', { normalized: true }],
  ])('--%s %s', (name, value, parameters) => {
    expect(made(name, value)).toMatchObject([{ name, parameters }]);
    // It passes the check that is made before a tokenizer is there, too.
    checkGenerateFlags(new Given([], [{ name, value }]));
  });

  it('breakers=usual are those of the tokenizer', () => {
    const [{ parameters } = {}] = made('dry', '0.8,breakers=usual');
    expect((parameters as { breakers: number[][] }).breakers.length).toBeGreaterThan(0);
  });

  it('token texts come from the tokenizer', () => {
    expect(made('infill', 'default')).toMatchObject([{ name: 'infill' }]);
    expect(made('chain', '[{"sampler":"top-k","parameters":{"k":4}},{"sampler":"infill"}]')).toHaveLength(2);
  });

  it('--chain has the switches of other systems too', () => {
    const chain = '[{"sampler":"top-p","parameters":{"p":0.9,"border":"at-most"}}]';
    expect(made('chain', chain)).toMatchObject([{ name: 'top-p', parameters: { border: 'at-most' } }]);
  });

  it.each([
    ['top-p', '0.9,2', /--top-p: '2' lacks a name/],
    ['top-p', '0.9,p=2', /p was given twice/],
    ['top-p', '{"p":', /the JSON cannot be read/],
    ['top-p', '1.2.3', /--top-p wants a number, but '1.2.3'/],
    ['top-p', 'high', /p must be a number from 0 to 1, but 'high' was given/],
    ['top-p', '0.9,minkep=2', /unknown option 'minkep'. Did you mean 'minKeep'/],
    ['suppress-tokens', '5,positon=3', /unknown option 'positon'/],
    ['infill', 'text=x', /only code|lacks a name|unknown option/],
  ])('--%s %s is refused', (name, value, message) => {
    expect(() => made(name, value)).toThrow(message);
  });

  it.each([
    ['suppress-tokens', '3,'],
    ['suppress-tokens', '3,x'],
    ['suppress-tokens', '-x'],
    ['allowed-tokens', ''],
    ['token-bias', '=2'],
    ['token-bias', '5'],
    ['synth-id', ',5'],
  ])('--%s %j is refused: a missing number is not token 0', (name, value) => {
    expect(() => made(name, value)).toThrow(/must be/);
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
      ['temperature', { temperature: 2 }],
      ['min-p', { p: 0.2, minKeep: 1 }],
    ]);
  });

  it('of a preset or a strategy names it first', () => {
    expect(presetOf('llama-cpp,top-k=20').options.samplers[0]).toMatchObject({ name: 'top-k', parameters: { k: 20 } });
    expect(() => presetOf('lama')).toThrow(/must be one of gpt2/);
    expect(strategyFor('beam-search,num-beams=3,early-stopping=true')?.parameters).toMatchObject({
      numBeams: 3,
      earlyStopping: true,
    });
    expect(strategyFor('constrained-beam-search,{"numBeams":2,"constraints":[{"phrase":[5]}]}')?.name).toBe(
      'constrained-beam-search',
    );
    expect(() => strategyFor('beam')).toThrow(/must be one of sampling/);
    expect(() => strategyFor('speculative')).toThrow(/needs --draft/);
  });
});

describe('the value of an option of generate', () => {
  const options = (...argv: string[]) =>
    optionsOf(parse(commandOf(generateFlags), argv), { tokenizer, generationConfig: {} });

  it.each<[string[], object]>([
    [['-n', '5', '--num-return-sequences', '2', '--seed', '7'], { maxNewTokens: 5, numReturnSequences: 2, seed: 7 }],
    [['--max-time', '1.5'], { maxTime: 1500 }],
    [['--stop-strings', 'a\\nb', '--stop-strings', 'c'], { stopStrings: ['a\nb', 'c'] }],
    [['--eos-token-ids', 'none'], { eosTokenIds: [] }],
    [['--eos-token-ids', '0,5', '--logprobs-of', '7'], { eosTokenIds: [0, 5], logprobsOf: [7] }],
    [['--forced-eos-token-id', 'none'], { forcedEosTokenId: null }],
    [['--cache', 'window=64,sinks=4'], { cache: { kind: 'window', size: 64, sinks: 4 } }],
    [['--on-context-full', 'slide', '--logprobs'], { onContextFull: 'slide', logprobs: true }],
  ])('%j', (argv, expected) => {
    expect(options(...argv)).toMatchObject(expected);
  });

  it.each<[string[], RegExp]>([
    [['-n', '-1'], /--max-new-tokens must be an integer of at least 0, but -1 was given/],
    [
      ['--num-return-sequences', '1.5'],
      /--num-return-sequences must be an integer from 1 to 65536, but 1\.5 was given/,
    ],
    [['--cache', 'statc'], /--cache.*Did you mean 'static'/],
    [['--eos-token-ids', '0,x'], /--eos-token-ids\[1\] must be an integer/],
    [['--max-time', '-1'], /--max-time must be milliseconds, at least 0/],
    [['-n', 'many'], /--max-new-tokens wants a number, but 'many' was given/],
  ])('%j is refused, and the flag named', (argv, message) => {
    expect(() => options(...argv)).toThrow(message);
  });
});
