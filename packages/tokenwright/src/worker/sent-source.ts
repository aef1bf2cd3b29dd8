import { UnsupportedError } from '@tokenwright/core';
import type { LanguageModelOptions } from '../options/load-options.ts';
import { isFileList } from '../sources/chosen-files.ts';
import type { LanguageModelSource } from '../sources/find-model.ts';
import { checkSendable } from './sent-options.ts';

/** The same source, as what can be sent. A path of the page becomes a whole URL, and a file keeps the path that it was chosen by. */
export async function sourceToSend(source: LanguageModelSource): Promise<unknown> {
  if (typeof source === 'string') return wholeAddress(source);
  if (typeof source !== 'object' || source === null) return source;
  if (source instanceof URL) return source.href;
  if (source instanceof Response) return source.blob();
  if (isFileList(source)) return { chosen: Array.from(source, (file) => [file.webkitRelativePath || file.name, file]) };
  try {
    structuredClone(source);
    return source;
  } catch {
    throw new UnsupportedError(
      'a source with functions',
      'A model in a Worker',
      'Give a name, a path, a URL or files, or load the model without `worker`.',
    );
  }
}

/** A path of the page as a whole URL. */
function wholeAddress(text: string): string {
  return /^\.{0,2}\//.test(text) && typeof document === 'object' ? new URL(text, document.baseURI).href : text;
}

/** Options that stay on this side. */
const here: readonly string[] = ['worker', 'signal', 'onProgress', 'onNotice'];

function addressToSend(value: unknown): unknown {
  if (value instanceof URL) return value.href;
  return typeof value === 'string' ? wholeAddress(value) : value;
}

/** @throws UnsupportedError for an option that cannot be sent. */
export function loadOptionsToSend(options: LanguageModelOptions): Record<string, unknown> {
  const given = Object.entries(options).filter(([name, value]) => value !== undefined && !here.includes(name));
  if (options.engine !== undefined && typeof options.engine !== 'string')
    throw new UnsupportedError('an engine of this thread', 'A model in a Worker', "Name one, such as 'fused-webgpu'.");
  return Object.fromEntries(
    given.map(([name, value]) => [name, checkSendable(name, name === 'tokenizer' ? addressToSend(value) : value)]),
  );
}
