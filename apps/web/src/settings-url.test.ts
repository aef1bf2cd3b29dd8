import { expect, it } from 'vitest';
import { decodings, defaults, type Settings } from './settings.ts';
import { problemsOfFragment, settingsFromFragment, settingsToFragment } from './settings-url.ts';

const unusual: Settings = {
  prompt: 'Ein „Satz“ & mehr = 100% ~\n#2',
  seed: 2 ** 40,
  maxNewTokens: 3,
  ignoreEnd: true,
  chain: [
    { name: 'temperature', on: false, parameters: { temperature: 0.25 } },
    { name: 'regex', on: true, parameters: { pattern: '(a,b~c=d%)+|"7"' } },
    { name: 'synth-id', on: true, parameters: { keys: [1, 2, 3], skipFirst: false } },
    { name: 'bad-words', on: true, parameters: { words: '7' } },
  ],
  other: [],
  decoding: { ...decodings.contrast, rule: 'classifier-free-guidance', strength: 1.5, otherPrompt: 'sad, very: sad' },
  grammar: { on: true, kind: 'gbnf', text: 'root ::= "a" | [b-d]+ # ~', whitespace: true },
  code: 'export default { name: "x" };\n// + & = ~',
  engine: 'webgpu',
  model: 'some/model:Q4_K_M',
};

it('leaves out what has its default', () => {
  expect(settingsToFragment(defaults)).toBe('');
  expect(settingsFromFragment('')).toEqual(defaults);
});

it('reads back what it wrote', () => {
  expect(settingsFromFragment(settingsToFragment(unusual))).toEqual(unusual);
  for (const decoding of Object.values(decodings))
    expect(settingsFromFragment(settingsToFragment({ ...defaults, decoding }))).toEqual({ ...defaults, decoding });
});

it('is readable', () => {
  const chain = [
    { name: 'temperature', on: true, parameters: { temperature: 0.5 } },
    { name: 'greedy', on: false, parameters: {} },
  ];
  expect(settingsToFragment({ ...defaults, chain, prompt: 'Once upon' })).toBe(
    '#prompt=Once+upon&chain=temperature:temperature=0.5~!greedy',
  );
});

it.each([
  ['#seed=-1&tokens=0', defaults],
  ['#seed=x&engine=quantum&decoding=guess', defaults],
  ['#decoding=beams:numBeams=many,beams=3,kind=sampling', { ...defaults, decoding: decodings.beams }],
  ['#decoding=beams:earlyStopping=never', { ...defaults, decoding: { ...decodings.beams, earlyStopping: 'never' } }],
  ['#prompt=%E4', { ...defaults, prompt: '\ufffd' }],
])('uses the valid parts of %s', (fragment, expected) => {
  expect(settingsFromFragment(fragment)).toEqual(expected);
});

it.each([
  ['', []],
  [settingsToFragment(unusual), []],
  ['#temperature=0.5&seed=3', ['temperature=0.5']],
  ['#engine=quantum&seed=zz&tokens=0', ['engine=quantum', 'seed=zz', 'tokens=0']],
  ['#decoding=guess', ['decoding=guess']],
  ['#decoding=beams:numBeams=many', ['decoding=beams:numBeams=many']],
  ['#decoding=beams:numBeams=3', []],
  ['#ignore-end=yes&flag', ['ignore-end=yes', 'flag']],
  ['#grammar=!regex&grammar-text=a&white-space=true', []],
  ['#grammar=yaml&white-space=2', ['grammar=yaml', 'white-space=2']],
])('lists what %s has and the page does not use', (fragment, problems) => {
  expect(problemsOfFragment(fragment)).toEqual(problems);
});
