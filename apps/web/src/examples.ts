import { decodings, defaults, type Settings, type Stage } from './settings.ts';
import type { TabName } from './state/tab.ts';

/** Example settings, and the view that shows them best. */
export interface Example {
  readonly title: string;
  readonly about: string;
  readonly tab: TabName;
  readonly settings: Partial<Settings>;
}

const stage = (name: string, parameters: Stage['parameters'] = {}): Stage => ({ name, on: true, parameters });
const filters = [stage('temperature', { temperature: 0.8 }), stage('top-k', { k: 40 }), stage('top-p', { p: 0.95 })];
const king = 'The old king had three daughters, and';

export const examples: readonly Example[] = [
  {
    title: 'Token by token',
    about: 'The candidates that temperature, top-k and top-p leave',
    tab: 'token',
    settings: { chain: filters },
  },
  {
    title: 'Greedy decoding repeats itself',
    about: 'Always the most probable token, compared with a penalty',
    tab: 'compare',
    settings: {
      prompt: king,
      maxNewTokens: 80,
      chain: [stage('greedy')],
      other: [stage('repetition-penalty', { penalty: 1.2 }), stage('greedy')],
    },
  },
  {
    title: 'Five beams',
    about: 'A search over continuations, as a tree',
    tab: 'strategy',
    settings: { prompt: king, maxNewTokens: 14, decoding: { ...decodings.beams, numBeams: 5 } },
  },
  {
    title: 'Expert against amateur',
    about: 'What only the larger model predicts',
    tab: 'strategy',
    settings: { maxNewTokens: 40, decoding: decodings.contrast, chain: [stage('temperature', { temperature: 0.7 })] },
  },
  {
    title: 'Speculative decoding',
    about: 'A draft proposes tokens; the text stays the same',
    tab: 'strategy',
    settings: { decoding: decodings.speculative },
  },
  {
    title: 'Structured output',
    about: 'A JSON Schema: what fits, and what is forced',
    tab: 'grammar',
    settings: {
      prompt: 'The old sailor, as a record: ',
      maxNewTokens: 120,
      chain: [stage('temperature', { temperature: 0.8 })],
      grammar: { ...defaults.grammar, on: true },
    },
  },
  {
    title: 'No letter e',
    about: 'A five-line sampler that you can edit',
    tab: 'sampler',
    settings: { chain: [stage('custom'), ...filters] },
  },
];
