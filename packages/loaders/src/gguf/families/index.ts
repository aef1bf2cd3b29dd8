import { LoadError } from '@tokenwright/core';
import type { GgufFamily } from './family.ts';
import { gemma2 } from './gemma2.ts';
import { gemma3 } from './gemma3.ts';
import { gpt2 } from './gpt2.ts';
import { gptNeoX } from './gptneox.ts';
import { llama } from './llama.ts';
import { phi3 } from './phi3.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';
import { t5 } from './t5.ts';

/** The families that are read from GGUF. */
export const ggufFamilies: readonly GgufFamily[] = [gpt2, gptNeoX, llama, qwen2, qwen3, phi3, gemma2, gemma3, t5];

/** @throws LoadError that lists the known ones. */
export function familyOf(file: string, architecture: string): GgufFamily {
  const family = ggufFamilies.find((known) => known.architecture === architecture);
  if (family !== undefined) return family;
  const known = ggufFamilies.map((one) => one.architecture).join(', ');
  throw new LoadError(file, `'${architecture}' is not known; known: ${known}`, 'general.architecture');
}
