import { ParameterError } from '@tokenwright/core';
import { ToolFormatError } from '../tool-call.ts';
import type { ToolFormat } from '../tool-format.ts';
import { deepSeek, deepSeekV31 } from './deepseek.ts';
import { functionary, functionaryTags } from './functionary.ts';
import { functionGemma } from './gemma.ts';
import { glm } from './glm.ts';
import { granite } from './granite.ts';
import { harmony } from './harmony.ts';
import { hermes, smolLM3 } from './hermes.ts';
import { kimi } from './kimi.ts';
import { llama } from './llama.ts';
import { mistral, mistralArguments } from './mistral.ts';
import { phi4 } from './phi4.ts';
import { qwen3Coder } from './qwen3-coder.ts';

/** Every known format of tool calls. No template is one of two. */
export const toolFormats: readonly ToolFormat[] = [
  hermes,
  smolLM3,
  llama,
  mistral,
  mistralArguments,
  functionaryTags,
  functionary,
  deepSeek,
  deepSeekV31,
  functionGemma,
  phi4,
  granite,
  harmony,
  qwen3Coder,
  glm,
  kimi,
];

/** The names that `toolFormat` takes. */
export const toolFormatNames: readonly string[] = toolFormats.map(({ name }) => name);

/**
 * The format that the source of a chat template shows.
 *
 * @param model the name that the error uses.
 * @param named `toolFormat` of the caller, which decides.
 * @throws ToolFormatError when the template shows none; ParameterError for a name that is not known.
 */
export function toolFormatOf(owner: string, model: string, template: string, named: string | undefined): ToolFormat {
  const found =
    named === undefined
      ? toolFormats.find(({ recognizes }) => recognizes(template))
      : toolFormats.find(({ name }) => name === named);
  if (found !== undefined) return found;
  if (named === undefined) throw new ToolFormatError(model, toolFormatNames);
  throw new ParameterError(owner, 'toolFormat', `'none' or one of ${toolFormatNames.join(', ')}`, named);
}
