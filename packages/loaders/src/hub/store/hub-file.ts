/** A file of a model as the hub lists it. */
export interface HubFile {
  /** Within the model: 'config.json'. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Names the content, in the cache too: SHA-256 of a large file, git's SHA-1 of a small one; 64 or 40 hexadecimal digits. */
  readonly etag: string;
}

/** Which checksum an etag is; undefined when it is none that is known. */
export function checksumOf({ etag }: HubFile): 'sha256' | 'git' | undefined {
  if (/^[0-9a-f]{64}$/.test(etag)) return 'sha256';
  return /^[0-9a-f]{40}$/.test(etag) ? 'git' : undefined;
}
