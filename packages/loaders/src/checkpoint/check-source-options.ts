import { ParameterError } from '@tokenwright/core';
import type { Architecture } from '@tokenwright/core/engine';
import { checkFunction, checkInteger, checkList, checkSignal, checkString } from '@tokenwright/core/options';
import { checkHubOptions, type HubOptions } from '../hub/hub-options.ts';

/** Options of everything that opens a checkpoint. */
interface SourceOptions {
  readonly architectures?: readonly Architecture[] | undefined;
  readonly file?: string | undefined;
  readonly hub?: HubOptions | undefined;
  readonly name?: string | undefined;
  readonly contextLength?: number | undefined;
  readonly onProgress?: ((...given: never[]) => void) | undefined;
  readonly onNotice?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws ParameterError, UnknownOptionError for a value of the wrong type. */
export function checkSourceOptions<Options extends SourceOptions>(owner: string, options: Options): Options {
  const { architectures, file, hub, name, contextLength, onProgress, onNotice, signal } = options;
  const item = (architecture: unknown, at: number): unknown => {
    const { configure } = (architecture ?? {}) as { readonly configure?: unknown };
    if (typeof configure === 'function') return architecture;
    throw new ParameterError(owner, `architectures[${at}]`, 'an architecture, such as gpt2 of core', architecture);
  };
  if (architectures !== undefined)
    checkList(owner, 'architectures', architectures, 'a list of architectures', { item });
  if (file !== undefined) checkString(owner, 'file', file, 'the name of a .gguf file');
  if (hub !== undefined) checkHubOptions(`${owner}: hub`, hub, 'hub');
  if (name !== undefined) checkString(owner, 'name', name);
  if (contextLength !== undefined) checkInteger(owner, 'contextLength', contextLength, 1);
  for (const [option, value] of Object.entries({ onProgress, onNotice }))
    if (value !== undefined) checkFunction(owner, option, value);
  if (signal !== undefined) checkSignal(owner, 'signal', signal);
  return options;
}
