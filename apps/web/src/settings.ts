import type { Json } from '@tokenwright/core';
import type { BeamSearchOptions, SpeculativeOptions } from '@tokenwright/strategies';
import { initialOptions } from './options/strategies.ts';

/** All settings of the page, as plain data. A link carries them. */
export interface Settings {
  readonly prompt: string;
  readonly seed: number;
  readonly maxNewTokens: number;
  /** Continue after the model's end token. */
  readonly ignoreEnd: boolean;
  /** `null`: the sampling parameters of the checkpoint, or greedy decoding where it has none. */
  readonly chain: readonly Stage[] | null;
  /** The chain that `chain` is compared with. */
  readonly other: readonly Stage[];
  readonly decoding: Decoding;
  /** What the text must be. */
  readonly grammar: GrammarSettings;
  /** Code of the stage 'custom'. */
  readonly code: string;
  readonly engine: EngineChoice;
  readonly model: string;
}

/** One sampler of a chain. */
export interface Stage {
  readonly name: string;
  readonly on: boolean;
  readonly parameters: Readonly<Record<string, Json>>;
}

export const grammarKinds = ['schema', 'regex', 'gbnf'] as const;
export type GrammarKind = (typeof grammarKinds)[number];

/** A JSON Schema, a regular expression or a grammar in llama.cpp's notation. */
export interface GrammarSettings {
  readonly on: boolean;
  readonly kind: GrammarKind;
  readonly text: string;
  /** Allow white space between the parts of JSON. */
  readonly whitespace: boolean;
}

export type Decoding =
  | { readonly kind: 'sampling' }
  /** Beam search with these options. */
  | ({ readonly kind: 'beams' } & BeamSearchOptions)
  | {
      readonly kind: 'contrast';
      readonly rule: 'contrastive-logits' | 'contrastive-li' | 'dola' | 'classifier-free-guidance';
      /** Plausibility: tokens below this share of the best one's probability are out. */
      readonly alpha: number;
      /** How strongly the other source counts. */
      readonly strength: number;
      /** What the other source reads in place of the prompt, for guidance. */
      readonly otherPrompt: string;
    }
  /** Speculative decoding with these options. */
  | ({
      readonly kind: 'speculative';
      readonly draft: 'story-amateur' | 'prompt-lookup' | 'early-exit';
    } & Omit<SpeculativeOptions, 'draft'>);

export const engineChoices = [
  'auto',
  'fused',
  'fused-8-bit',
  'fused-webgpu',
  'fused-webgpu-8-bit',
  'webgpu',
  'wasm',
  'cpu',
] as const;
export type EngineChoice = (typeof engineChoices)[number];

/** Where a model comes from. */
export type ModelChoice =
  | { readonly kind: 'demo'; readonly name: 'story' | 'story-amateur' }
  | { readonly kind: 'files'; readonly name: string; readonly files: readonly ChosenFile[] }
  | { readonly kind: 'hub'; readonly name: string };

/** A file that a person chose, with its path inside the folder. */
export interface ChosenFile {
  readonly path: string;
  readonly file: File;
}

export const decodings: { readonly [Kind in Decoding['kind']]: Extract<Decoding, { kind: Kind }> } = {
  sampling: { kind: 'sampling' },
  beams: { kind: 'beams', ...(initialOptions('beam-search') as unknown as BeamSearchOptions) },
  contrast: { kind: 'contrast', rule: 'contrastive-logits', alpha: 0.1, strength: 0.5, otherPrompt: '' },
  // With `match`, the text is that of plain sampling.
  speculative: { kind: 'speculative', draft: 'story-amateur', numAssistantTokens: 4, accept: 'match' },
};

export const exampleCode = `// Called for each token. logits: Float32Array, one per token of the vocabulary.
// -Infinity removes a token. text(id) is the text that a token adds.
export default {
  name: 'no-letter-e',
  onHost(logits, step) {
    for (let id = 0; id < logits.length; id++)
      if (/e/i.test(text(id))) logits[id] = -Infinity;
  },
};
`;

const personSchema = `{
  "type": "object",
  "properties": {
    "name": { "type": "string", "maxLength": 24 },
    "age": { "type": "integer", "minimum": 0, "maximum": 130 },
    "mood": { "enum": ["merry", "grave", "weary"] }
  },
  "required": ["name", "age", "mood"],
  "additionalProperties": false
}`;

export const defaults: Settings = {
  prompt: 'The captain looked at the sea and',
  seed: 7,
  maxNewTokens: 60,
  ignoreEnd: false,
  chain: null,
  other: [{ name: 'greedy', on: true, parameters: {} }],
  decoding: decodings.sampling,
  grammar: { on: false, kind: 'schema', text: personSchema, whitespace: false },
  code: exampleCode,
  engine: 'auto',
  model: 'story',
};
