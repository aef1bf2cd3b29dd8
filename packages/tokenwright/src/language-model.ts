import { ParameterError } from '@tokenwright/core';
import type { LocalModel } from './model/local-model.ts';
import type { TextModel } from './model/text-model.ts';
import { checkLoadOptions, type LanguageModelOptions } from './options/load-options.ts';
import type { LanguageModelSource } from './sources/find-model.ts';

/**
 * Load a language model with its tokenizer, on the fastest engine of this machine.
 *
 * @param source the name of a bundled model (`'story'`), of a model on a hub (`'org/name'`), a path, a URL, or files. See
 * {@link LanguageModelSource}.
 * @throws ParameterError and UnknownOptionError for what cannot be meant; LoadError for files that are missing or damaged;
 * EngineUnavailableError when no engine starts, with what to install; the signal's reason.
 * @example
 * ```ts
 * import { languageModel } from 'tokenwright';
 *
 * await using lm = await languageModel('story');
 * for await (const piece of lm.stream('Once upon a time')) process.stdout.write(piece);
 * ```
 */
export function languageModel(
  source: LanguageModelSource,
  options?: LanguageModelOptions & { readonly worker?: false | undefined },
): Promise<LocalModel>;
export function languageModel(source: LanguageModelSource, options: LanguageModelOptions): Promise<TextModel>;
export function languageModel(source: LanguageModelSource, options: LanguageModelOptions = {}): Promise<TextModel> {
  return withAdvice(open(source, options));
}

/** Each side is loaded when it is used: a page with a worker needs little else. */
async function open(source: LanguageModelSource, given: LanguageModelOptions): Promise<TextModel> {
  const options = checkLoadOptions(given);
  if (options.worker !== undefined && options.worker !== false) {
    const { WorkerModel } = await import('./worker/worker-model.ts');
    return WorkerModel.open(source, options);
  }
  const { openLocal } = await import('./model/local-model.ts');
  return openLocal(source, options);
}

/** A model that is not awaited is a promise: its methods say so. */
function withAdvice<Model>(promise: Promise<Model>): Promise<Model> {
  for (const method of ['generate', 'stream', 'chat', 'generateBatch', 'score', 'dispose'])
    Object.defineProperty(promise, method, {
      configurable: true,
      value() {
        throw new ParameterError(
          method,
          'this',
          'a language model (write: const lm = await languageModel(...))',
          'a promise',
        );
      },
    });
  return promise;
}
