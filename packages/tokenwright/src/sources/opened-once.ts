import type { ModelSource } from '@tokenwright/loaders';

/** The same files, each opened once: a model is looked at before it is loaded. */
export function openedOnce(source: ModelSource): ModelSource {
  const opened = new Map<string, ReturnType<ModelSource['file']>>();
  return {
    name: source.name,
    file(name) {
      const file = opened.get(name) ?? source.file(name);
      opened.set(name, file);
      return file;
    },
    ...(source.names === undefined ? {} : { names: () => source.names!() }),
  };
}
