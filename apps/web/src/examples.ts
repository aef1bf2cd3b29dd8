import { decodings, type Settings, type Stage } from './settings.ts';
import type { TabName } from './state/tab.ts';

/** Something worth seeing, a click away. */
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
    about: 'Temperature, top-k, top-p: what each leaves of the candidates',
    tab: 'token',
    settings: { chain: filters },
  },
  {
    title: 'Greedy goes in circles',
    about: 'Always the most probable token; compare it with a penalty',
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
    about: 'What only the larger model would say',
    tab: 'strategy',
    settings: { maxNewTokens: 40, decoding: decodings.contrast, chain: [stage('temperature', { temperature: 0.7 })] },
  },
  {
    title: 'A draft guesses ahead',
    about: 'Accepted and rejected guesses, the same text',
    tab: 'strategy',
    settings: { decoding: decodings.speculative },
  },
  {
    title: 'Not one letter e',
    about: 'A sampler in five lines, yours to change',
    tab: 'sampler',
    settings: { chain: [stage('custom'), ...filters] },
  },
];
