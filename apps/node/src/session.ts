import type { Engine, LanguageModel } from '@tokenwright/core';
import type { LoadedBareModel, LoadedModel } from '@tokenwright/loaders';
import type { Drafter } from '@tokenwright/strategies';
import type { Flag, Given } from './cli/command.ts';
import { checkEngineFlags, startEngine } from './engine.ts';
import { type FoundModel, findModel, loadBare, loadWithTokenizer, sizeOf } from './models.ts';
import { contrasted } from './options/contrast-flags.ts';
import { checkGenerateFlags } from './options/generate-flags.ts';
import { forcedTextDraft, forcedTextDrafter } from './options/grammar-flags.ts';
import { drafterOf } from './options/strategy-flags.ts';

export { tell } from './cli/tell.ts';
export { checkEngineFlags, engineFlags, startEngine } from './engine.ts';
export { findModel, loadTranslator, modelFlags } from './models.ts';

export const generalFlags: readonly Flag[] = [
  { name: 'verbose', short: 'v', help: 'Report on standard error what was chosen, and why.', group: 'General' },
  { name: 'debug', help: 'Show the stack of an error.', group: 'General' },
  { name: 'help', short: 'h', help: 'Print this.', group: 'General' },
];

/** A model with its tokenizer, ready to run. */
export interface Session extends Omit<LoadedModel, 'dispose' | typeof Symbol.dispose | typeof Symbol.asyncDispose> {
  readonly engine: Engine;
  /** What drafts, with --draft. */
  readonly draft?: LanguageModel | Drafter;
  /** Load another model, for as long as the session lasts. */
  open(name: string): Promise<LoadedBareModel>;
}

/** Find the models of the flags, start an engine for them, load them, do the work, and release everything. */
export async function withModel<Result>(given: Given, work: (session: Session) => Promise<Result>): Promise<Result> {
  checkEngineFlags(given);
  checkGenerateFlags(given);
  const drafting = given.text('draft');
  const drafter = drafting === undefined ? undefined : drafterOf(drafting);
  const needsNoModel = drafter !== undefined || drafting === forcedTextDraft;
  const wanted = [given.text('model') ?? 'story', given.text('amateur'), needsNoModel ? undefined : drafting];
  const found = new Map<string, FoundModel>();
  for (const name of wanted) if (name !== undefined && !found.has(name)) found.set(name, await findModel(given, name));
  const { engine } = await startEngine(given, sizeOf([...found.values()]));
  const loaded: LoadedBareModel[] = [];
  const kept = <Loaded extends LoadedBareModel>(one: Loaded): Loaded => {
    loaded.unshift(one);
    return one;
  };
  const open = async (name: string): Promise<LoadedBareModel> =>
    kept(await loadBare(given, engine, found.get(name) ?? (await findModel(given, name))));
  try {
    const main = kept(await loadWithTokenizer(given, engine, found.get(wanted[0]!)!));
    const { tokenizer } = main;
    const amateur = given.text('amateur');
    const model = contrasted(
      given,
      main.model,
      amateur === undefined ? undefined : (await open(amateur)).model,
      tokenizer,
    );
    const draft =
      drafting === undefined
        ? undefined
        : drafting === forcedTextDraft
          ? forcedTextDrafter(given, tokenizer)
          : (drafter ?? (await open(drafting)).model);
    return await work({ ...main, engine, model, open, ...(draft === undefined ? {} : { draft }) });
  } finally {
    for (const one of loaded) one.dispose();
    await engine.dispose();
  }
}
