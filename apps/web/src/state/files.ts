import type { ChosenFile, ModelChoice } from '../settings.ts';

/** Files of an input, with their paths inside the folder that was chosen. */
export function chosenFiles(files: Iterable<File>): ChosenFile[] {
  return [...files].map((file) => {
    const path = (file as { webkitRelativePath?: string }).webkitRelativePath || file.name;
    return { path, file };
  });
}

/** What was dropped: files, and the files in folders. */
export async function droppedFiles(transfer: DataTransfer): Promise<ChosenFile[]> {
  // The list is emptied after the first await, so all entries are asked for before.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  return (await Promise.all(entries.map((entry) => filesOf(entry)))).flat();
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
    // A reader gives some of its entries at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const child of some) found.push(...(await filesOf(child)));
  }
}

/** A model of files; named after the folder or the file. A folder that all files are in is left out of their paths. */
export function filesChoice(files: readonly ChosenFile[]): Extract<ModelChoice, { kind: 'files' }> {
  const [first] = files[0]!.path.split('/');
  const inFolder = files.every(({ path }) => path.startsWith(`${first}/`));
  return {
    kind: 'files',
    name: first!,
    files: inFolder ? files.map(({ path, file }) => ({ path: path.slice(first!.length + 1), file })) : files,
  };
}
