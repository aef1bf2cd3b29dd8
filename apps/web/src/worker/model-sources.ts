import { demoModel } from '@tokenwright/demo-model';
import { files, hubModel, type ModelSource } from '@tokenwright/loaders';
import type { LoadProgress } from '../protocol.ts';
import type { ModelChoice } from '../settings.ts';

/** Bytes of a model's files as far as they are known before it is opened; 0 when they are not. */
export function bytesOf(choice: ModelChoice): number {
  if (choice.kind === 'files') return choice.files.reduce((sum, { file }) => sum + file.size, 0);
  return choice.kind === 'demo' ? 12e6 : 0;
}

/** Where the files of a model come from. Those of a hub are downloaded here, as far as the browser does not keep them already. */
export async function sourceOf(
  choice: ModelChoice,
  { signal, emit }: { signal: AbortSignal; emit: (progress: LoadProgress) => void },
): Promise<ModelSource> {
  if (choice.kind === 'demo') return demoModel(choice.name);
  if (choice.kind === 'files') return files(new Map(choice.files.map(({ path, file }) => [path, file])), choice.name);
  emit({ step: `Asking for ${choice.name}` });
  return hubModel(choice.name, {
    signal,
    onProgress: ({ loaded, total }) => emit({ step: 'Downloading', loaded, total }),
  });
}
