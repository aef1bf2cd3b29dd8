import type { ByteSource } from '../../sources/byte-source.ts';
import type { HubFile } from './hub-file.ts';

/** Where the files of one model are kept. Whatever ends the process, only complete and checked files are ever seen. */
export interface HubStore {
  /** Names the place in messages. */
  readonly place: string;
  /** The commit that a branch or tag had when all its needed files were last there. */
  commitOf(revision: string): Promise<string | undefined>;
  setCommit(revision: string, commit: string): Promise<void>;
  /** A complete file of a commit. */
  file(commit: string, path: string): Promise<ByteSource | undefined>;
  /** Names of the complete files of a commit. */
  names(commit: string): Promise<readonly string[]>;
  /** Make a file part of a commit if its content is there already; says whether it is. */
  adopt(commit: string, file: HubFile): Promise<boolean>;
  /** Begin a file, or continue what an earlier attempt left. Waits for another process that is writing it. */
  begin(file: HubFile, signal?: AbortSignal): Promise<PartialFile>;
}

/** A file that is being written. */
export interface PartialFile {
  /** Bytes that are there. */
  readonly length: number;
  append(bytes: Uint8Array): Promise<void>;
  /** Forget everything that is there. */
  restart(): Promise<void>;
  /** Checksum of all that is there, as hexadecimal digits. */
  digest(kind: 'sha256' | 'git'): Promise<string>;
  /** It is whole: from now on `adopt` finds it. */
  finish(): Promise<void>;
  /** Stop writing; what is there stays for the next attempt. Also after `finish`. */
  close(): Promise<void>;
}
