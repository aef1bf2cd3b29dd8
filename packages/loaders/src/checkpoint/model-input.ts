import { LoadError, ParameterError } from '@tokenwright/core';
import { readable } from '@tokenwright/core/options';
import type { GgufPlace } from '../gguf/checkpoint.ts';
import { isGguf } from '../gguf/file/gguf-file.ts';
import { hubModel } from '../hub/hub-model.ts';
import { isHubName, suggestedHubName } from '../hub/hub-name.ts';
import type { HubOptions } from '../hub/hub-options.ts';
import { hubPageOf } from '../hub/hub-page.ts';
import { type ByteSource, fileSource, nodeFiles, urlSource } from '../sources/byte-source.ts';
import { contentsSource, type FileContents } from '../sources/file-contents.ts';
import { folder, type ModelSource } from '../sources/model-source.ts';
import { WebPageError } from '../sources/web-page.ts';
import { withoutLaterParts } from '../weights/gguf-parts.ts';

/**
 * Where a model is: a folder or another source of files (`ModelSource`); the name of one on a hub, such as 'openai-community/gpt2'; or one GGUF
 * file: a path or URL of it, a File or Blob, a handle such as those of the origin private file
 * system, an open file of Node, a fetch response, bytes.
 */
export type ModelInput = ModelSource | string | URL | FileContents;

/** What a model input turned out to be. */
export type OpenedInput =
  | { readonly kind: 'files'; readonly files: ModelSource }
  | { readonly kind: 'gguf'; readonly file: ByteSource; readonly place?: GgufPlace };

/**
 * @param fileName a .gguf file among several of a folder. Default: the only one there is, and only in a folder without weights in
 * safetensors.
 * @param hub how a model is downloaded from a hub.
 * @throws LoadError for what is none of these, and when a folder has several GGUF files to choose from; as `hubModel`.
 */
export async function openInput(input: ModelInput, fileName?: string, hub: HubOptions = {}): Promise<OpenedInput> {
  checkInput(input);
  if (typeof input === 'string') return openPath(input, fileName, hub);
  if (input instanceof URL) return openUrl(input, fileName);
  if (isModelSource(input)) return fromFiles(input, fileName);
  const file = await contentsSource(input);
  if (!(await isGguf(file)))
    throw new LoadError(
      file.name,
      'is not a GGUF file; load a model in safetensors by the folder that has its config.json',
    );
  return { kind: 'gguf', file };
}

const inputMethods = ['file', 'getFile', 'read', 'stat'];

/** @throws ParameterError for what can be no model. */
function checkInput(input: unknown): void {
  readable('load', 'source', input, () => {
    const isKnown =
      (typeof input === 'string' && input !== '' && input.length <= longestPath) ||
      [URL, Blob, ArrayBuffer, Response].some((type) => input instanceof type) ||
      ArrayBuffer.isView(input) ||
      (typeof input === 'object' &&
        input !== null &&
        inputMethods.some((name) => typeof (input as Readonly<Record<string, unknown>>)[name] === 'function'));
    if (isKnown) return;
    const hint = input instanceof Promise ? ' (await the promise that gives it)' : '';
    throw new ParameterError('load', 'source', `a path, a URL, a name on a hub, or files${hint}`, input);
  });
}

/** Characters of a path or a URL, the data of a data: URL included. */
const longestPath = 2 ** 28;

function isModelSource(input: object): input is ModelSource {
  return 'file' in input && typeof input.file === 'function';
}

async function openUrl(url: URL, fileName: string | undefined): Promise<OpenedInput> {
  if (url.protocol === 'file:') return openPath(process.getBuiltinModule('node:url').fileURLToPath(url), fileName, {});
  const file = await urlSource(url).catch((error: unknown) => {
    if (error instanceof WebPageError) throw withHubHint(error, url);
    throw error;
  });
  if (await isGguf(file)) return { kind: 'gguf', file, place: placeOfUrl(url) };
  throw new LoadError(file.name, 'is not a GGUF file; load other models by a source that gives each of their files');
}

async function openPath(path: string, fileName: string | undefined, hub: HubOptions): Promise<OpenedInput> {
  if (hubPageOf(path, hub.endpoint) !== undefined && !(await exists(path))) return fromHub(path, fileName, hub);
  if (/^(https?|blob|data):/.test(path)) return openUrl(new URL(path), fileName);
  const stat = await nodeFiles()
    ?.stat(path)
    .catch(() => undefined);
  if (stat?.isDirectory()) return fromFiles(folder(path), fileName);
  if (stat !== undefined) {
    const file = await fileSource(path);
    if (await isGguf(file)) return { kind: 'gguf', file, place: placeOfPath(path) };
    throw new LoadError(path, 'is a file; give the folder that holds it and config.json, or a GGUF file');
  }
  if (isHubName(path)) return fromHub(path, fileName, hub);
  const suggested = suggestedHubName(path);
  // A browser's answer is that it has no folders.
  if (suggested === undefined) folder(path);
  throw new LoadError(
    path,
    suggested === undefined
      ? "there is no such folder or file; a model on a hub is named 'organization/name'"
      : `there is no such folder or file; on the hub the model is named '${suggested}'`,
  );
}

async function exists(path: string): Promise<boolean> {
  return (
    (await nodeFiles()
      ?.stat(path)
      .catch(() => undefined)) !== undefined
  );
}

async function fromHub(name: string, fileName: string | undefined, hub: HubOptions): Promise<OpenedInput> {
  return fromFiles(await hubModel(fileName === undefined ? name : `${name}:${fileName}`, hub), undefined);
}

/** The address of a web page may belong to a hub other than the Hugging Face Hub. Then the error says how to name the model. */
function withHubHint(error: WebPageError, url: URL): LoadError {
  const [, repository, kind, file] =
    /^\/([\w-][\w.-]*\/[\w-][\w.-]*)(?:\/(blob|tree)\/[^/]+(?:\/(.+))?)?\/?$/.exec(url.pathname) ?? [];
  if (repository === undefined) return error;
  const name = kind === 'blob' && file?.endsWith('.gguf') ? `${repository}:${file}` : repository;
  const resolve = kind === 'blob' ? `, or the file itself by its address with /resolve/ in place of /blob/` : '';
  return new LoadError(
    error.file,
    `${error.problem}. If ${url.origin} is a hub, give the name of the model, '${name}', with the hub as HF_ENDPOINT or the option endpoint${resolve}`,
    undefined,
    { cause: error },
  );
}

async function fromFiles(files: ModelSource, fileName: string | undefined): Promise<OpenedInput> {
  if (fileName !== undefined) {
    const file = await files.file(fileName);
    if (file === undefined) throw new LoadError(files.name, `there is no ${fileName}${await contentsOf(files)}`);
    return { kind: 'gguf', file, place: placeIn(files, fileName) };
  }
  const names = (await files.names?.()) ?? [];
  // A projector for images is not the model.
  const ggufs = withoutLaterParts(names.filter((name) => name.endsWith('.gguf') && !/(^|[/._-])mmproj/i.test(name)));
  if (ggufs.length === 0 || names.some((name) => name.endsWith('.safetensors'))) return { kind: 'files', files };
  if (ggufs.length > 1)
    throw new LoadError(files.name, `there are several GGUF files: ${ggufs.join(', ')}. Name one as the option 'file'`);
  return { kind: 'gguf', file: (await files.file(ggufs[0]!))!, place: placeIn(files, ggufs[0]!) };
}

function placeIn(files: ModelSource, name: string): GgufPlace {
  return { name, sibling: (other) => files.file(other) };
}

function placeOfPath(path: string): GgufPlace {
  const { basename, dirname, join } = process.getBuiltinModule('node:path');
  return {
    name: basename(path),
    async sibling(other) {
      const full = join(dirname(path), other);
      const stat = await nodeFiles()!
        .stat(full)
        .catch(() => undefined);
      return stat?.isFile() ? fileSource(full) : undefined;
    },
  };
}

function placeOfUrl(url: URL): GgufPlace {
  const at = url.pathname.lastIndexOf('/') + 1;
  return {
    name: decodeURIComponent(url.pathname.slice(at)),
    async sibling(other) {
      const next = new URL(url);
      next.pathname = url.pathname.slice(0, at) + encodeURIComponent(other);
      return urlSource(next);
    },
  };
}

/** For messages: what is there instead of what was looked for. */
export async function contentsOf(source: ModelSource): Promise<string> {
  const names = (await source.names?.()) ?? [];
  return names.length === 0 ? '' : `; there is: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ' …' : ''}`;
}
