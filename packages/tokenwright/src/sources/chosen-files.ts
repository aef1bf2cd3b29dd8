import { LoadError, ParameterError } from '@tokenwright/core';
import { type FileContents, files, type ModelSource } from '@tokenwright/loaders';

/** Files that a person chose: what `<input type="file">` gives, or a list of them. */
export type ChosenFiles = FileList | readonly File[];

/** Chosen files with their paths, as they are sent to a worker. */
export interface ChosenPaths {
  readonly chosen: readonly (readonly [path: string, file: File])[];
}

/** True for a FileList, and for a list of Files. */
export function isFileList(value: object): value is ChosenFiles {
  if (typeof FileList !== 'undefined' && value instanceof FileList) return true;
  // The first entry decides quickly about a long list of something else.
  return (
    Array.isArray(value) && value[0] instanceof Blob && value.every((file) => file instanceof Blob && 'name' in file)
  );
}

/**
 * The model among chosen files: the only .gguf file, or the folder with config.json. Names are relative to that folder.
 *
 * @throws ParameterError for an empty list, LoadError for files of which none is a model.
 */
export function chosenModel(list: ChosenFiles | ChosenPaths): ModelSource | FileContents {
  const paths: ReadonlyMap<string, File> =
    'chosen' in list
      ? new Map(list.chosen)
      : new Map(Array.from(list, (file) => [file.webkitRelativePath || file.name, file]));
  const [only] = paths.values();
  if (only === undefined) throw new ParameterError('languageModel', 'source', 'a list of at least one file', []);
  if (paths.size === 1 && only.name.endsWith('.gguf')) return only;
  const configs = [...paths.keys()].filter((path) => /(^|\/)config\.json$/.test(path));
  const config = configs.sort((a, b) => a.length - b.length)[0];
  const folder = config?.slice(0, -'config.json'.length) ?? '';
  if (config === undefined && ![...paths.keys()].some((path) => path.endsWith('.gguf')))
    throw new LoadError(
      'the chosen files',
      `none is config.json or a .gguf file; there is: ${[...paths.keys()].slice(0, 20).join(', ')}`,
    );
  const inFolder = [...paths].flatMap(([path, file]): [string, File][] =>
    path.startsWith(folder) ? [[path.slice(folder.length), file]] : [],
  );
  return files(new Map(inFolder), folder.replace(/\/$/, '') || 'the chosen files');
}
