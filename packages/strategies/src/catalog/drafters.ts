// The drafters of this package, one line each. The registry and the main entry are derived from this list.
export { type DraftModelOptions, draftModel } from '../speculation/draft-model.ts';
export { type EarlyExitOptions, earlyExit } from '../speculation/early-exit.ts';
export { type PromptLookupOptions, promptLookup } from '../speculation/prompt-lookup.ts';
