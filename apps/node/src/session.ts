import type { Engine, LanguageModel } from '@tokenwright/core';
import type { LoadedBareModel, LoadedModel } from '@tokenwright/loaders';
import type { Drafter } from '@tokenwright/strategies';
import type { Flag, Given } from './cli/command.ts';
import { startEngine } from './engine.ts';
import { loadBare, loadWithTokenizer } from './models.ts';
import { contrasted } from './options/contrast-flags.ts';
import { drafterOf } from './options/strategy-flags.ts';

export { tell } from './cli/tell.ts';
export { engineFlags, startEngine } from './engine.ts';
export { loadTranslator, modelFlags } from './models.ts';

export const generalFlags: readonly Flag[] = [
  { name: 'verbose', short: 'v', help: 'Say on standard error what was chosen, and why.', group: 'General' },
  { name: 'debug', help: 'Show the stack of an error.', group: 'General' },
  { name: 'help', short: 'h', help: 'Print this.', group: 'General' },
];

/** A model with its tokenizer, ready to run. */
export interface Session extends Omit<LoadedModel, 'dispose' | typeof Symbol.dispose | typeof Symbol.asyncDispose> {
  readonly engine: Engine;
  /** What guesses ahead, with --draft. */
  readonly draft?: LanguageModel | Drafter;
  /** Load another model, for as long as the session lasts. */
  open(name: string): Promise<LoadedBareModel>;
}

/** Start an engine, load the models of the flags, do the work, and release all. */
export async function withModel<Result>(given: Given, work: (session: Session) => Promise<Result>): Promise<Result> {
  const engine = await startEngine(given);
  const loaded: LoadedBareModel[] = [];
  const kept = <Loaded extends LoadedBareModel>(one: Loaded): Loaded => {
    loaded.unshift(one);
    return one;
  };
  const open = async (name: string): Promise<LoadedBareModel> => kept(await loadBare(given, engine, name));
  try {
    const main = kept(await loadWithTokenizer(given, engine, given.text('model') ?? 'story'));
    const { tokenizer } = main;
    const amateur = given.text('amateur');
    const drafting = given.text('draft');
    const model = contrasted(
      given,
      main.model,
      amateur === undefined ? undefined : (await open(amateur)).model,
      tokenizer,
    );
    const draft = drafting === undefined ? undefined : (drafterOf(drafting) ?? (await open(drafting)).model);
    return await work({ ...main, engine, model, open, ...(draft === undefined ? {} : { draft }) });
  } finally {
    for (const one of loaded) one.dispose();
    await engine.dispose();
  }
}
