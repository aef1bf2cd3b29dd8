import {
  type ByteSource,
  blobSource,
  bytesSource,
  type OpenFile,
  openFileSource,
  responseSource,
} from './byte-source.ts';

/** One file: a File or Blob, bytes, a handle of the File System API, an open file of Node, a fetch response, or ranges of your own. */
export type FileContents = Blob | ArrayBuffer | ArrayBufferView | FileHandle | OpenFile | Response | ByteSource;

/** A handle of the File System API, such as those of the origin private file system. */
export interface FileHandle {
  getFile(): Promise<Blob>;
}

/** The bytes of a file by ranges. Only a response is read whole, as it comes but once. */
export async function contentsSource(content: FileContents, name?: string): Promise<ByteSource> {
  if (content instanceof Blob) return blobSource(content, name);
  if (content instanceof ArrayBuffer || ArrayBuffer.isView(content)) return bytesSource(content, name);
  if (content instanceof Response) return responseSource(content, name);
  if ('getFile' in content) return blobSource(await content.getFile(), name);
  return 'stat' in content ? openFileSource(content, name) : content;
}
