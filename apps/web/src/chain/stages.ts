import type { Json } from '@tokenwright/core';

/** A parameter of a sampler as the page edits it. */
export type ParameterSpec = { readonly name: string; readonly label: string } & (
  | {
      readonly kind: 'number' | 'integer';
      readonly from: number;
      readonly to: number;
      readonly step: number;
      readonly initial: number;
    }
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly initial: string }
  | { readonly kind: 'toggle'; readonly initial: boolean }
  | { readonly kind: 'text'; readonly initial: string }
  /** A value that has no simpler form, written as JSON. */
  | { readonly kind: 'json'; readonly initial: Json }
);

export interface StageSpec {
  /** As in the registry of `@tokenwright/samplers`. */
  readonly name: string;
  readonly group: StageGroup;
  readonly help: string;
  readonly parameters: readonly ParameterSpec[];
}

export const stageGroups = ['Choose', 'Against repetition', 'Forbid, favour, force', 'Your own'] as const;
export type StageGroup = (typeof stageGroups)[number];

const number = (name: string, from: number, to: number, initial: number, label = name, step = 0.01): ParameterSpec => ({
  kind: 'number',
  name,
  label,
  from,
  to,
  step,
  initial,
});
const integer = (name: string, from: number, to: number, initial: number, label = name): ParameterSpec => ({
  kind: 'integer',
  name,
  label,
  from,
  to,
  step: 1,
  initial,
});
const choice = (name: string, choices: readonly string[], label = name): ParameterSpec => ({
  kind: 'choice',
  name,
  label,
  choices,
  initial: choices[0]!,
});
const toggle = (name: string, initial: boolean, label: string): ParameterSpec => ({
  kind: 'toggle',
  name,
  label,
  initial,
});
const json = (name: string, initial: Json, label = name): ParameterSpec => ({ kind: 'json', name, label, initial });
const text = (name: string, initial: string, label = name): ParameterSpec => ({ kind: 'text', name, label, initial });

const prompt = toggle('countPrompt', true, 'prompt counts');
const mirostat = [number('tau', 0, 10, 5, 'tau (bits)', 0.1), number('eta', 0, 1, 0.1)];

const choosing: readonly Omit<StageSpec, 'group'>[] = [
  {
    name: 'temperature',
    help: 'Below 1 is more certain, above 1 is wilder, 0 is greedy.',
    parameters: [number('temperature', 0, 2, 0.8)],
  },
  {
    name: 'top-k',
    help: 'Keep the k most probable tokens.',
    parameters: [integer('k', 1, 200, 40), choice('ties', ['exactly-k', 'keep-all'])],
  },
  {
    name: 'top-p',
    help: 'Keep the most probable tokens until their mass is p.',
    parameters: [number('p', 0, 1, 0.95), choice('border', ['below', 'at-most'])],
  },
  {
    name: 'min-p',
    help: 'Keep tokens with at least p times the largest probability.',
    parameters: [number('p', 0, 1, 0.05)],
  },
  {
    name: 'typical-p',
    help: 'Keep the tokens whose surprise is nearest to the average.',
    parameters: [number('p', 0, 1, 0.9)],
  },
  {
    name: 'top-n-sigma',
    help: 'Keep logits within n standard deviations of the largest.',
    parameters: [number('sigmas', 0, 5, 1, 'sigmas', 0.1)],
  },
  {
    name: 'top-h',
    help: 'Keep the most probable tokens up to a share of the entropy.',
    parameters: [number('entropyShare', 0, 1, 0.4)],
  },
  {
    name: 'top-a',
    help: 'Keep tokens with at least ratio times the largest probability squared.',
    parameters: [number('ratio', 0, 1, 0.2), number('power', 1, 4, 2, 'power', 0.5)],
  },
  {
    name: 'epsilon-cutoff',
    help: 'Keep tokens with a probability of at least epsilon.',
    parameters: [number('epsilon', 0, 0.1, 0.003, 'epsilon', 0.001)],
  },
  {
    name: 'eta-cutoff',
    help: 'Like epsilon, with a limit that falls where the model is unsure.',
    parameters: [number('epsilon', 0, 0.1, 0.003, 'epsilon', 0.001)],
  },
  {
    name: 'tail-free',
    help: 'Cut the tail where the curve of probabilities flattens.',
    parameters: [number('mass', 0, 1, 0.95)],
  },
  {
    name: 'p-less',
    help: 'Keep tokens at least as probable as two draws are to agree.',
    parameters: [toggle('normalized', false, 'corrected for chance')],
  },
  {
    name: 'xtc',
    help: 'Now and then, remove all top choices but the least probable of them.',
    parameters: [number('probability', 0, 1, 0.5), number('threshold', 0, 0.5, 0.1)],
  },
  {
    name: 'dynamic-temperature',
    help: 'A temperature that rises with the entropy.',
    parameters: [
      number('temperature', 0, 2, 0.8),
      number('range', 0, 2, 0.5),
      number('exponent', 0, 4, 1, 'exponent', 0.1),
    ],
  },
  { name: 'mirostat-2', help: 'Hold the surprise near tau bits a token. Must be the last.', parameters: mirostat },
  {
    name: 'mirostat-1',
    help: 'The same by an estimate of the tail. Must be the last.',
    parameters: [...mirostat, integer('m', 2, 200, 100)],
  },
  {
    name: 'adaptive-p',
    help: 'Prefer tokens so that those drawn have a given probability on average. Must be the last.',
    parameters: [number('target', 0, 1, 0.3), number('decay', 0, 1, 0.9)],
  },
  { name: 'greedy', help: 'Always take the most probable token.', parameters: [] },
  { name: 'normalize', help: 'Turn logits into log-probabilities, for what follows.', parameters: [] },
  { name: 'remove-invalid', help: 'Repair logits that are infinite or not a number.', parameters: [] },
];

const repetition: readonly Omit<StageSpec, 'group'>[] = [
  {
    name: 'repetition-penalty',
    help: 'Make tokens that were seen less likely, by a factor; 1 is off.',
    parameters: [number('penalty', 0.5, 2, 1.15), prompt],
  },
  {
    name: 'frequency-penalty',
    help: 'Subtract from the logit of a token for each time it was seen.',
    parameters: [number('penalty', -2, 2, 0.3), prompt],
  },
  {
    name: 'presence-penalty',
    help: 'Subtract once when a token was seen at all.',
    parameters: [number('penalty', -2, 2, 0.5), prompt],
  },
  {
    name: 'additive-penalty',
    help: 'Frequency and presence in one stage.',
    parameters: [number('frequency', -2, 2, 0.3), number('presence', -2, 2, 0.3), prompt],
  },
  {
    name: 'no-repeat-ngram',
    help: 'No run of so many tokens may occur twice.',
    parameters: [integer('size', 1, 10, 3)],
  },
  {
    name: 'dry',
    help: 'Punish going on as an earlier passage did, more the longer it matches.',
    parameters: [
      number('multiplier', 0, 5, 0.8, 'multiplier', 0.1),
      number('base', 1, 4, 1.75, 'base', 0.05),
      integer('allowedLength', 1, 10, 2, 'allowed length'),
    ],
  },
  {
    name: 'encoder-repetition-penalty',
    help: 'Favour tokens of the source text (encoder-decoder models).',
    parameters: [number('penalty', 0.5, 2, 1.2)],
  },
  {
    name: 'encoder-no-repeat-ngram',
    help: 'Forbid runs of the source text (encoder-decoder models).',
    parameters: [integer('size', 1, 10, 3)],
  },
];

const constraints: readonly Omit<StageSpec, 'group'>[] = [
  {
    name: 'regex',
    help: 'What is written must match a regular expression from its first character to its last.',
    parameters: [text('pattern', ' [a-z, ]+\\.', 'pattern')],
  },
  {
    name: 'bad-words',
    help: 'Words that may not be written, separated by commas.',
    parameters: [text('texts', 'sea, ship', 'words')],
  },
  { name: 'min-new-tokens', help: 'No end before so many new tokens.', parameters: [integer('count', 0, 200, 20)] },
  {
    name: 'min-length',
    help: 'No end before so many tokens, prompt included.',
    parameters: [integer('length', 0, 400, 40)],
  },
  {
    name: 'exponential-length-decay',
    help: 'Make the end more probable from a token on.',
    parameters: [integer('start', 0, 200, 30), number('factor', 1, 2, 1.1)],
  },
  {
    name: 'kgw-watermark',
    help: 'A watermark: favour a secret part of the vocabulary.',
    parameters: [number('greenlistRatio', 0.05, 0.95, 0.25), number('bias', 0, 10, 2, 'bias', 0.1)],
  },
  {
    name: 'synth-id',
    help: 'A watermark that leaves the distribution as it is on average.',
    parameters: [json('keys', [654, 400, 836, 123, 340])],
  },
  { name: 'token-bias', help: 'Add to the logits of tokens, by id.', parameters: [json('biases', { '1': 2 })] },
  {
    name: 'sequence-bias',
    help: 'Add to the last token of a sequence of tokens.',
    parameters: [json('sequences', [{ tokens: [1, 2], bias: 2 }])],
  },
  { name: 'allowed-tokens', help: 'Only these tokens, by id.', parameters: [json('tokens', [1, 2, 3])] },
  { name: 'suppress-tokens', help: 'None of these tokens, by id.', parameters: [json('tokens', [1])] },
  {
    name: 'suppress-tokens-at-begin',
    help: 'None of these tokens at one position.',
    parameters: [json('tokens', [1]), integer('position', 0, 400, 1)],
  },
  {
    name: 'forced-bos-token',
    help: 'This token at one position.',
    parameters: [integer('token', 0, 400_000, 1), integer('position', 0, 400, 1)],
  },
  { name: 'forced-eos-token', help: 'These tokens when the length is reached.', parameters: [] },
  {
    name: 'thinking-budget',
    help: 'End a passage between two marks after so many tokens.',
    parameters: [json('start', [1]), json('end', [2]), integer('budget', 0, 400, 40)],
  },
];

const own: readonly Omit<StageSpec, 'group'>[] = [
  { name: 'custom', help: 'The sampler that you write under “Your sampler”.', parameters: [] },
];

const withGroup = (group: StageGroup, specs: readonly Omit<StageSpec, 'group'>[]): StageSpec[] =>
  specs.map((spec) => ({ ...spec, group }));

/** Every sampler that the page can put in a chain, in the order in which it offers them. */
export const stageSpecs: readonly StageSpec[] = [
  ...withGroup('Choose', choosing),
  ...withGroup('Against repetition', repetition),
  ...withGroup('Forbid, favour, force', constraints),
  ...withGroup('Your own', own),
];

const byName: ReadonlyMap<string, StageSpec> = new Map(stageSpecs.map((spec) => [spec.name, spec]));

export function stageSpec(name: string): StageSpec | undefined {
  return byName.get(name);
}
