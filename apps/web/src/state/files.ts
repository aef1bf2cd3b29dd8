import type { ChosenFile, ModelChoice } from '../settings.ts';

/** Files of an input, with their paths inside the folder that was chosen. */
export function chosenFiles(files: Iterable<File>): ChosenFile[] {
  return [...files].map((file) => {
    const path = (file as { webkitRelativePath?: string }).webkitRelativePath || file.name;
    return { path, file };
  });
}

/** Dropped files, and the files in dropped folders. */
export async function droppedFiles(transfer: DataTransfer): Promise<ChosenFile[]> {
  // The list is emptied after the first await, so all entries are read first.
  const dropped = [...transfer.items].map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const found = dropped.map(async ({ entry, file }) => {
    if (entry !== null) return filesOf(entry);
    return file === null ? [] : [{ path: file.name, file }];
  });
  return (await Promise.all(found)).flat();
}

async function filesOf(entry: FileSystemEntry): Promise<ChosenFile[]> {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: ChosenFile[] = [];
  for (;;) {
    // A reader returns its entries in batches.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const child of some) found.push(...(await filesOf(child)));
  }
}

/** A model from files. A folder that contains all of them gives the name, and is removed from their paths. */
export function filesChoice(files: readonly ChosenFile[]): Extract<ModelChoice, { kind: 'files' }> {
  const [first] = files[0]!.path.split('/');
  if (files.every(({ path }) => path.startsWith(`${first}/`))) {
    const inside = files.map(({ path, file }) => ({ path: path.slice(first!.length + 1), file }));
    return { kind: 'files', name: first!, files: inside };
  }
  const weights = files.find(({ path }) => /\.(gguf|safetensors)$/.test(path));
  return { kind: 'files', name: (weights ?? files[0]!).path, files };
}
