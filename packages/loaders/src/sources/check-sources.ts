import { ParameterError } from '@tokenwright/core';
import { isPlainObject, readable } from '@tokenwright/core/options';

/** @throws ParameterError for anything but a file that is read by ranges. */
export function checkByteSource(owner: string, source: unknown): void {
  readable(owner, 'source', source, () => {
    const { size, read } = (source ?? {}) as { readonly size?: unknown; readonly read?: unknown };
    if (typeof source === 'object' && typeof size === 'number' && typeof read === 'function') return;
    throw new ParameterError(owner, 'source', 'a file with a size and read, such as bytesSource(bytes)', source);
  });
}

/** @throws ParameterError for anything but a source of files. */
export function checkModelSource(owner: string, source: unknown): void {
  readable(owner, 'source', source, () => {
    const { file } = (source ?? {}) as { readonly file?: unknown };
    if (typeof source === 'object' && typeof file === 'function') return;
    const hint = typeof source === 'string' ? ' (folder(path) gives one)' : '';
    throw new ParameterError(
      owner,
      'source',
      `a source of files, such as folder(path) or files({ ... })${hint}`,
      source,
    );
  });
}

/** @throws ParameterError for anything but an object, such as JSON gives. */
export function checkJsonObject(owner: string, parameter: string, json: unknown): void {
  readable(owner, parameter, json, () => {
    if (!isPlainObject(json)) throw new ParameterError(owner, parameter, 'an object, as JSON.parse gives', json);
  });
}
