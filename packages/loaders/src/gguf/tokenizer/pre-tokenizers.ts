import { LoadError } from '@tokenwright/core';
import type { JsonObject } from '../../sources/json.ts';
import * as patterns from './cut-patterns.ts';

/** How a BPE tokenizer cuts a text into words before it merges, and how it spells them. */
export interface PreTokenizer {
  /** Parts of tokenizer.json that cut, without the step to bytes. */
  readonly steps: readonly JsonObject[];
  /** Tokens are written in characters, with U+2581 for a space, as SentencePiece does; otherwise in bytes, as GPT-2 does. */
  readonly inCharacters?: boolean;
  /** A word that is a token is taken whole, whatever the merges would give. */
  readonly ignoreMerges?: boolean;
  /** The same for a word of line breaks alone. */
  readonly wholeLineBreaks?: boolean;
  /** A text begins with the begin token unless the file says otherwise; `'always'`: whatever it says. */
  readonly beginToken?: boolean | 'always';
}

const isolated = (pattern: string): JsonObject => ({
  type: 'Split',
  pattern: { Regex: patterns.inUnicode15(pattern) },
  behavior: 'Isolated',
  invert: false,
});

/** Patterns that cut one after the other: each cuts what the ones before it left in one piece. */
const cut = (...given: readonly string[]): PreTokenizer => ({ steps: given.map(isolated) });

const { gpt2Words, digitGroups, lines, kana } = patterns;
const gpt2 = cut(gpt2Words);
const qwen2 = cut(patterns.cl100kWords('\\p{N}'));
const cl100k = cut(patterns.cl100kWords('\\p{N}{1,3}'));
const lineByLine: PreTokenizer = { ...cut(lines), inCharacters: true };

/** Names of `tokenizer.ggml.pre` by the cut that they mean, in the order of llama.cpp 0.5.0 (2026-09-28). */
const preTokenizers: ReadonlyMap<string, PreTokenizer> = new Map<string, PreTokenizer>(
  (
    [
      // Files of 2023 name no cut.
      ['default', cut(`[${patterns.falconSigns}]+`, gpt2Words, '\\p{N}+', '[0-9][0-9][0-9]')],
      [
        'gpt-2 phi-2 mpt olmo jais trillion granite-docling exaone4 gigachat a.x-4.0 mellum modern-bert jina-es jina-de jina-v2-es jina-v2-de jina-v1-en jina-v2-code roberta-bpe',
        gpt2,
      ],
      ['smollm starcoder refact codeshell command-r exaone minerva-7b mellum2', cut('\\p{N}', gpt2Words)],
      ['falcon', cut(`[${patterns.falconSigns}\`]+`, gpt2Words, '[0-9][0-9][0-9]')],
      ['chameleon', { ...cut(...patterns.chameleonParts), beginToken: true }],
      [
        'llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano',
        { ...cl100k, ignoreMerges: true, beginToken: true },
      ],
      ['dbrx smaug-bpe chatglm-bpe glm4', cl100k],
      ['jais-2', cut(patterns.jais2Words)],
      ['minicpm5', { ...cut('\\p{N}{1,3}', patterns.cl100kWords('\\p{N}+')), ignoreMerges: true }],
      ['qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2', qwen2],
      ['qwen35', cut(patterns.qwen35Words)],
      ['ufakzeka', cut(patterns.wordsWithoutContractions('\\p{N}'))],
      ['laguna', cut(lines, patterns.cl100kWords('\\p{N}'))],
      ['bailingmoe bailingmoe2 llada-moe', cut(patterns.bailingWords)],
      ['seed-coder', cut(patterns.seedCoderWords)],
      ['exaone-moe', cut(patterns.exaoneMoeWords)],
      ['tekken', { ...cut(patterns.casedWords('\\p{L}', '', '\\p{N}')), ignoreMerges: true, beginToken: true }],
      ['gpt-4o llama4 kanana2 talkie minimax-m2', cut(patterns.casedWords('\\p{L}', patterns.suffix, '\\p{N}{1,3}'))],
      [
        'granite-embed-multi-97m',
        { ...cut(patterns.casedWords('\\p{L}\\p{M}', patterns.suffix, '\\p{N}{1,3}')), ignoreMerges: true },
      ],
      ['tiny_aya cohere2moe', cut(digitGroups, patterns.markedWords('\\p{N}{1,3}'))],
      ['youtu', { ...cut(patterns.youtuScripts, patterns.markedWords('\\p{N}')), ignoreMerges: true }],
      ['kimi-k2', cut(patterns.kimiWords)],
      ['afmoe', cut(digitGroups, patterns.asianScripts, patterns.lettersAndSigns(patterns.signBreaks))],
      [
        'deepseek-v3 hunyuan-dense joyai-llm hy_v4',
        cut('\\p{N}{1,3}', kana, patterns.lettersAndSigns(patterns.signBreaks)),
      ],
      ['spark2_5', cut('\\p{N}{1,3}', kana, patterns.lettersAndSigns('|[\\r\\n]'), '\\p{N}')],
      ['deepseek-coder', cut(...patterns.deepseekCoderParts)],
      ['deepseek-llm', cut(...patterns.deepseekLlmParts)],
      ['bloom poro-chat gpt3-finnish', cut(patterns.bloomWords)],
      ['viking', cut(patterns.bloomWords, '\\p{N}')],
      ['superbpe', cut('\\p{N}+', patterns.beforeThousands)],
      ['gemma4 granite-embed-multi-311m', { ...lineByLine, wholeLineBreaks: true, beginToken: 'always' }],
      ['sarvam-moe', lineByLine],
    ] as const
  ).flatMap(([names, one]) => names.split(' ').map((name): [string, PreTokenizer] => [name, one])),
);

/**
 * The cut that a file names.
 *
 * @param name `tokenizer.ggml.pre`; files of 2023 have none, which means 'default', except for GPT-2 and GPT-NeoX, whose own cut is
 * known.
 * @returns a LoadError for a name that is not known: such a file can be inspected, and loaded with another tokenizer.
 */
export function preTokenizerOf(file: string, name: string | undefined, architecture: string): PreTokenizer | LoadError {
  if ((name === undefined || name === 'default') && (architecture === 'gpt2' || architecture === 'gptneox'))
    return gpt2;
  const known = preTokenizers.get(name ?? 'default');
  if (known !== undefined) return known;
  return new LoadError(
    file,
    `'${name}' is not known; known: ${[...preTokenizers.keys()].join(', ')}. Give the tokenizer of the original model: languageModel(file, { tokenizer: 'folder/tokenizer.json' }), or load(file, { tokenizer: await loadTokenizer(folder) })`,
    'tokenizer.ggml.pre',
  );
}
