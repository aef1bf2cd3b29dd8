import { ParameterError } from '@tokenwright/core';
import { readable } from '@tokenwright/core/options';
import { type DemoModelName, demoModel } from '@tokenwright/demo-model';
import {
  type DirectoryHandle,
  directory,
  type FileContents,
  folder,
  type HubOptions,
  hubModel,
  isHubName,
  type ModelInput,
  type ModelSource,
} from '@tokenwright/loaders';
import { type ChosenFiles, type ChosenPaths, chosenModel, isFileList } from './chosen-files.ts';
import { openedOnce } from './opened-once.ts';
import { statOf } from './stat-of.ts';
import { urlFolder } from './url-folder.ts';

/**
 * Where a model is:
 *
 * - the name of a bundled model: `'story'`, `'story-amateur'`, `'translate'`;
 * - the name of a model on a hub: `'HuggingFaceTB/SmolLM2-135M-Instruct'`, or `'org/name:Q4_K_M'` for one GGUF file of it; or its
 *   address there;
 * - in Node, the path of a folder or of a .gguf file (one that is called as a bundled model: `'./story'`);
 * - a URL: of a .gguf file, or of a folder with config.json;
 * - files that a person chose: a `FileList`, `File`s, a directory handle;
 * - what `@tokenwright/loaders` takes: a `ModelSource`, or one GGUF file as a Blob, handle, response or bytes.
 */
export type LanguageModelSource = BundledModel | (string & {}) | ChosenFiles | DirectoryHandle | ModelInput;

/** A model that comes with the package. */
export type BundledModel = DemoModelName;

/** Names of the models that come with the package. */
export const bundledModels: readonly BundledModel[] = ['story', 'story-amateur', 'translate'];

export interface FindOptions {
  readonly hub: HubOptions;
  /** Which .gguf file. */
  readonly file: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A model that was found, for the loader. */
export interface FoundModel {
  readonly input: ModelInput;
  /** Which .gguf file the loader takes. */
  readonly file: string | undefined;
}

/** @throws ParameterError for what cannot be a source, with what was probably meant; LoadError; what `hubModel` throws. */
export async function findModel(source: LanguageModelSource, options: FindOptions): Promise<FoundModel> {
  readable('languageModel', 'source', source, () => checkSource(source));
  if (typeof source === 'string') return fromText(source, options);
  if (source instanceof URL) return fromUrl(source, options);
  if (typeof source !== 'object' || source === null) throw refusal(source);
  const { file } = options;
  if (isFileList(source) || isChosenPaths(source)) return { input: await once(chosenModel(source)), file };
  if (isDirectory(source)) return { input: openedOnce(directory(source)), file };
  if (!isInput(source)) throw refusal(source);
  return { input: await once(source), file };
}

/** Characters of a path or an address, the data of a data: URL included. */
const longestText = 2 ** 28;

/** @throws ParameterError for what can be no source, before a property of it is read twice. */
function checkSource(source: unknown): void {
  if (typeof source === 'string') {
    if (source.length > longestText || source.includes('\0')) throw refusal(source);
    return;
  }
  if (source instanceof URL) return;
  if (typeof source !== 'object' || source === null) throw refusal(source);
  if (!isFileList(source) && !isChosenPaths(source) && !isDirectory(source) && !isInput(source)) throw refusal(source);
}

async function fromText(source: string, options: FindOptions): Promise<FoundModel> {
  const { file } = options;
  if ((bundledModels as readonly string[]).includes(source))
    return { input: openedOnce(demoModel(source as BundledModel)), file };
  if (/^https?:/.test(source) && isHubName(source)) return fromHub(source, options);
  if (/^(https?|blob|data|file):/.test(source)) return fromUrl(new URL(source), options);
  if (source.trim() === '')
    throw new ParameterError('languageModel', 'source', "the name of a model, such as 'story' or 'org/name'", source);
  if (/^\.{0,2}\//.test(source) && typeof location === 'object')
    return fromUrl(new URL(source, location.href), options);
  const stat = statOf(source);
  if (stat?.isDirectory()) return { input: openedOnce(folder(source)), file };
  if (stat === undefined && isHubName(source)) return fromHub(source, options);
  // The loader opens the file, or says what is wrong.
  return { input: source, file };
}

async function fromHub(name: string, { hub, file }: FindOptions): Promise<FoundModel> {
  const source = await hubModel(file === undefined ? name : `${name}:${file}`, hub);
  return { input: openedOnce(source), file: undefined };
}

async function fromUrl(url: URL, options: FindOptions): Promise<FoundModel> {
  const { file, signal } = options;
  if (url.protocol === 'file:') return fromText(process.getBuiltinModule('node:url').fileURLToPath(url), options);
  if (isHubName(url.href)) return fromHub(url.href, options);
  const isFile = url.protocol === 'blob:' || url.protocol === 'data:' || url.pathname.endsWith('.gguf');
  return { input: isFile ? url : openedOnce(urlFolder(url, signal)), file };
}

/** A response can be read once, and a model is looked at before it is loaded. */
async function once(input: ModelSource | FileContents): Promise<ModelInput> {
  if (input instanceof Response) return input.blob();
  return 'file' in input && typeof input.file === 'function' ? openedOnce(input) : (input as FileContents);
}

function isChosenPaths(source: object): source is ChosenPaths {
  return 'chosen' in source && Array.isArray(source.chosen);
}

function isDirectory(source: object): source is DirectoryHandle {
  return 'getFileHandle' in source && typeof source.getFileHandle === 'function';
}

function isInput(source: object): source is ModelSource | FileContents {
  const methods = ['file', 'getFile', 'read', 'stat'];
  return (
    source instanceof Blob ||
    source instanceof ArrayBuffer ||
    ArrayBuffer.isView(source) ||
    source instanceof Response ||
    methods.some((name) => typeof (source as Record<string, unknown>)[name] === 'function')
  );
}

function refusal(source: unknown): ParameterError {
  const has = (name: string): boolean => typeof source === 'object' && source !== null && name in source;
  let hint = '';
  if (has('then')) hint = ' (this is a promise: await it first)';
  else if (has('generate') && has('engine')) hint = ' (this is what languageModel gave: use it as it is)';
  else if (has('model') || has('sequenceToSequence'))
    hint = ' (this is what load gave; give languageModel the source that load had)';
  else if (has('forward')) hint = ' (this is a model: generateText of tokenwright/core runs it)';
  else if (has('prepare') || has('start')) hint = ' (this is an engine: languageModel(source, { engine }))';
  else if (Array.isArray(source)) hint = ' (a list must be of File objects)';
  return new ParameterError(
    'languageModel',
    'source',
    `a name such as 'story' or 'org/name', a path, a URL, or files${hint}`,
    typeof source === 'object' && source !== null ? 'another object' : source,
  );
}
