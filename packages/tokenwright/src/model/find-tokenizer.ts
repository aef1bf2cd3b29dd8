import { LoadError, ParameterError } from '@tokenwright/core';
import {
  type ByteSource,
  createTokenizer,
  fileSource,
  folder,
  isHubName,
  type JsonObject,
  type LoadedTokenizer,
  loadTokenizer,
  type ModelSource,
  urlSource,
} from '@tokenwright/loaders';
import { allowedTokenizer, type TokenizerSource } from '../options/load-options.ts';
import { statOf } from '../sources/stat-of.ts';
import { urlFolder } from '../sources/url-folder.ts';

/** A tokenizer that was asked for; one that is made already is returned as it is. */
export async function findTokenizer(given: TokenizerSource, signal: AbortSignal | undefined): Promise<LoadedTokenizer> {
  if (typeof given === 'string') return fromText(given, signal);
  return given instanceof URL ? fromUrl(given, signal) : given;
}

async function fromText(given: string, signal: AbortSignal | undefined): Promise<LoadedTokenizer> {
  if (isJsonText(given)) return createTokenizer(parsed(given), {}, 'the text of tokenizer');
  if (/^(https?|blob|data|file):/.test(given)) return fromUrl(new URL(given), signal);
  if (/^\.{0,2}\//.test(given) && typeof location === 'object') return fromUrl(new URL(given, location.href), signal);
  const stat = statOf(given);
  if (stat?.isDirectory()) return loadTokenizer(folder(given));
  if (stat === undefined) {
    const hint = isHubName(given)
      ? ` (for one on a hub, the address of its tokenizer.json: 'https://huggingface.co/${given}/resolve/main/tokenizer.json')`
      : ' (there is no such folder or file)';
    throw new ParameterError('languageModel', 'tokenizer', `${allowedTokenizer}${hint}`, given);
  }
  const [, parent = '', name = given] = /^(.*[/\\])?([^/\\]+)$/.exec(given) ?? [];
  return loadTokenizer(single(given, name, () => fileSource(given), folder(parent === '' ? '.' : parent)));
}

function fromUrl(url: URL, signal: AbortSignal | undefined): Promise<LoadedTokenizer> {
  if (url.protocol === 'file:') return fromText(process.getBuiltinModule('node:url').fileURLToPath(url), signal);
  const open = (): Promise<ByteSource> => urlSource(url, signal === undefined ? {} : { signal });
  if (url.protocol === 'blob:' || url.protocol === 'data:') return loadTokenizer(single('tokenizer', '', open));
  if (!url.pathname.endsWith('.json')) return loadTokenizer(urlFolder(url, signal));
  const parent = new URL('.', url);
  parent.search = url.search;
  return loadTokenizer(single(url.href, url.pathname.split('/').at(-1)!, open, urlFolder(parent, signal)));
}

/** A tokenizer.json, whatever it is called. Only beside one of that name are the other files its own. */
function single(place: string, name: string, open: () => Promise<ByteSource>, beside?: ModelSource): ModelSource {
  return {
    name: place,
    async file(wanted) {
      if (wanted === 'tokenizer.json') return open();
      return name === 'tokenizer.json' ? beside?.file(wanted) : undefined;
    },
  };
}

/** True for a text that can only be JSON. */
function isJsonText(text: string): boolean {
  return /^\s*\{/.test(text);
}

function parsed(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch (cause) {
    throw new LoadError('the text of tokenizer', `is not JSON: ${(cause as Error).message}`);
  }
}
