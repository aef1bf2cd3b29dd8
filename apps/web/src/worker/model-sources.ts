import { demoModel } from '@tokenwright/demo-model';
import { files, hubModel, type ModelSource } from '@tokenwright/loaders';
import type { LoadProgress } from '../protocol.ts';
import type { ModelChoice } from '../settings.ts';

/** The files of a model. A model from the Hugging Face Hub is downloaded unless the browser already has it. */
export async function sourceOf(
  choice: ModelChoice,
  {
    signal,
    emit,
    onNotice,
  }: { signal: AbortSignal; emit: (progress: LoadProgress) => void; onNotice: (notice: string) => void },
): Promise<ModelSource> {
  if (choice.kind === 'demo') return demoModel(choice.name);
  if (choice.kind === 'files') return files(new Map(choice.files.map(({ path, file }) => [path, file])), choice.name);
  emit({ step: `Requesting ${choice.name}` });
  return hubModel(choice.name, {
    signal,
    onNotice,
    onProgress: ({ loaded, total }) => emit({ step: 'Downloading', loaded, total }),
  });
}
