/** Which functions a file system of a browser lacks, and when it is full. */
export interface FakeFileSystemOptions {
  /** Safari before 26 has none. */
  readonly createWritable?: boolean;
  /** Only in workers. */
  readonly createSyncAccessHandle?: boolean;
  /** Bytes after which a write fails. */
  readonly quota?: number;
}

/** A private file system of a browser, in memory, as far as the cache of the hub uses it. */
export class FakeFileSystem {
  readonly #options: FakeFileSystemOptions;
  readonly root: FileSystemDirectoryHandle;
  /** Paths with their contents. */
  readonly files: Map<string, Blob> = new Map();

  constructor(options: FakeFileSystemOptions = {}) {
    this.#options = { createWritable: true, createSyncAccessHandle: false, ...options };
    this.root = this.#directory('') as unknown as FileSystemDirectoryHandle;
  }

  #directory(path: string): object {
    const namesIn = (): string[] => [
      ...new Set(
        [...this.files.keys()].flatMap((file) =>
          file.startsWith(`${path}/`) ? [file.slice(path.length + 1).split('/')[0]!] : [],
        ),
      ),
    ];
    return {
      kind: 'directory',
      getDirectoryHandle: async (name: string) => this.#directory(`${path}/${name}`),
      getFileHandle: async (name: string, { create = false } = {}) => {
        const full = `${path}/${name}`;
        if (!this.files.has(full)) {
          if (!create) throw new DOMException('no such file', 'NotFoundError');
          this.files.set(full, new Blob());
        }
        return this.#file(full);
      },
      removeEntry: async (name: string) => void this.files.delete(`${path}/${name}`),
      async *keys() {
        yield* namesIn();
      },
    };
  }

  #file(path: string): object {
    const { createWritable, createSyncAccessHandle } = this.#options;
    return {
      kind: 'file',
      name: path.split('/').at(-1),
      getFile: async () => this.files.get(path),
      ...(createWritable === true ? { createWritable: async () => this.#writer(path) } : {}),
      ...(createSyncAccessHandle === true ? { createSyncAccessHandle: async () => this.#access(path) } : {}),
    };
  }

  #writer(path: string): object {
    let content = new Blob();
    return {
      write: async (data: Blob) => {
        this.#checkQuota(data.size);
        content = data;
      },
      abort: async () => {},
      close: async () => void this.files.set(path, content),
    };
  }

  #access(path: string): object {
    return {
      truncate: (size: number) => void this.files.set(path, this.files.get(path)!.slice(0, size)),
      write: (bytes: Uint8Array<ArrayBuffer>) => {
        this.#checkQuota(bytes.length);
        this.files.set(path, new Blob([bytes]));
        return bytes.length;
      },
      flush: () => {},
      close: () => {},
    };
  }

  #checkQuota(more: number): void {
    const held = [...this.files.values()].reduce((sum, { size }) => sum + size, 0);
    if (held + more > (this.#options.quota ?? Infinity)) throw new DOMException('full', 'QuotaExceededError');
  }
}
