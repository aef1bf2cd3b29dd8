import { LoadError, ParameterError } from '@tokenwright/core';

/** The models of this package. */
export type DemoModelName = 'story' | 'story-amateur' | 'translate';

/** A file of a demo model, in memory: what loaders read from. */
export interface DemoModelFile {
  /** Names the file in errors. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The bytes `from` (inclusive) to `to` (exclusive), as a copy. */
  read(from: number, to: number): Promise<Uint8Array>;
}

/** A demo model as a source of files; `load` of `@tokenwright/loaders` takes it. */
export interface DemoModelSource {
  readonly name: string;
  /** One file by its name, such as 'config.json', or undefined when the model has no such file. Read or fetched on each call. */
  file(name: string): Promise<DemoModelFile | undefined>;
  names(): Promise<readonly string[]>;
}

/**
 * A small trained model that comes with this package, so that text can be generated without a download.
 *
 * - `story` (default): GPT-2 architecture, 5.9 million parameters, 11.8 MB, writes like old novels seen through fog.
 * - `story-amateur`: the same tokenizer with 0.4 million parameters, 0.8 MB, as the weak half of contrastive decoding and as
 *   the draft of speculative decoding.
 * - `translate`: BART architecture, 0.5 million parameters, 1 MB, German to English within a small grammar.
 *
 * In Node the files are read from this package's folder; in a browser they are fetched from where the bundler put them.
 *
 * @throws ParameterError for another name. `file` throws LoadError when a file cannot be read or fetched.
 */
export function demoModel(name: DemoModelName = 'story'): DemoModelSource {
  const urls = typeof name === 'string' && Object.hasOwn(models, name) ? models[name] : undefined;
  if (urls === undefined)
    throw new ParameterError('demoModel', 'name', `one of ${Object.keys(models).join(', ')}`, name);
  return {
    name,
    async file(fileName) {
      const url = Object.hasOwn(urls, fileName) ? urls[fileName] : undefined;
      if (url === undefined) return undefined;
      const label = `${name}/${fileName}`;
      const bytes = await readAll(url, label);
      return { name: label, size: bytes.length, read: async (from, to) => bytes.slice(from, to) };
    },
    names: async () => Object.keys(urls),
  };
}

async function readAll(url: URL, label: string): Promise<Uint8Array> {
  try {
    if (url.protocol === 'file:') {
      // Asked for at run time, so that bundlers for browsers see no import.
      const { readFile } = process.getBuiltinModule('node:fs/promises');
      return new Uint8Array(await readFile(url));
    }
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    if (response.headers.get('content-type')?.startsWith('text/html') === true)
      throw new Error('the server sent a web page instead: the bundler has not put the file beside the program');
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    const why = cause instanceof Error ? ` (${cause.message})` : '';
    throw new LoadError(label, `cannot be read from ${url.href.slice(0, 200)}${why}`, undefined, { cause });
  }
}

/** Each URL is a literal: bundlers find files by this form, and put them beside the program. */
const models: Readonly<Record<DemoModelName, Readonly<Record<string, URL>>>> = {
  story: {
    'config.json': new URL('../models/story/config.json', import.meta.url),
    'generation_config.json': new URL('../models/story/generation_config.json', import.meta.url),
    'model.safetensors': new URL('../models/story/model.safetensors', import.meta.url),
    'tokenizer.json': new URL('../models/story/tokenizer.json', import.meta.url),
    'tokenizer_config.json': new URL('../models/story/tokenizer_config.json', import.meta.url),
  },
  'story-amateur': {
    'config.json': new URL('../models/story-amateur/config.json', import.meta.url),
    'generation_config.json': new URL('../models/story-amateur/generation_config.json', import.meta.url),
    'model.safetensors': new URL('../models/story-amateur/model.safetensors', import.meta.url),
    'tokenizer.json': new URL('../models/story-amateur/tokenizer.json', import.meta.url),
    'tokenizer_config.json': new URL('../models/story-amateur/tokenizer_config.json', import.meta.url),
  },
  translate: {
    'config.json': new URL('../models/translate/config.json', import.meta.url),
    'generation_config.json': new URL('../models/translate/generation_config.json', import.meta.url),
    'model.safetensors': new URL('../models/translate/model.safetensors', import.meta.url),
    'tokenizer.json': new URL('../models/translate/tokenizer.json', import.meta.url),
    'tokenizer_config.json': new URL('../models/translate/tokenizer_config.json', import.meta.url),
  },
};
