/**
 * Make a folder on disk and the folders above it, where they are absent.
 *
 * `mkdir` with `recursive` never returns below a folder such as /proc, in which only the system makes folders.
 */
export async function makeFolder(path: string): Promise<void> {
  const files = process.getBuiltinModule('node:fs/promises');
  const { dirname } = process.getBuiltinModule('node:path');
  const isThere = async (): Promise<boolean> => {
    const found = await files.stat(path).catch(() => undefined);
    return found?.isDirectory() === true;
  };
  if (await isThere()) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  try {
    await files.mkdir(path);
  } catch (error) {
    // Another process may have made it.
    if (!(await isThere())) throw error;
  }
}
