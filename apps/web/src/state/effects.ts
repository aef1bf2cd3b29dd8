import { effect } from '@preact/signals';
import type { Chain } from '../chain/edit.ts';
import { codeExamples } from '../code/code-examples.ts';
import type { ModelChoice, Settings } from '../settings.ts';
import { problemsOfFragment, settingsFromFragment, settingsToFragment } from '../settings-url.ts';
import { check, generate } from './actions.ts';
import * as store from './store.ts';

/** Use the settings of the address, and the model that they name when it can be opened by name. */
export function restore(): void {
  takeAddress();
  const { model } = store.settings.value;
  const choice = choiceOf(model);
  store.modelChoice.value = choice;
  if (choice.name === model) return;
  say(
    'ModelFromFile',
    `${model} was opened from a file of a person's computer. Open the file again; until then ${choice.name} is used.`,
  );
}

/** Add a message to the notice. */
function say(name: string, message: string): void {
  const { value } = store.notice;
  store.notice.value = { name, message: value === undefined ? message : `${value.message} ${message}` };
}

/** Code that came with a link does not run until a person has switched it on. */
function takeAddress(): void {
  const settings = settingsFromFragment(location.hash);
  const problems = problemsOfFragment(location.hash);
  if (problems.length > 0)
    say('UnknownSettings', `This link has settings that are unknown or invalid here: ${problems.join(', ')}.`);
  const { value: known } = store.settings;
  const strange = settings.code !== known.code && !Object.values(codeExamples).includes(settings.code);
  const without = (chain: Chain): Chain =>
    chain.map((stage) => (stage.name === 'custom' ? { ...stage, on: false } : stage));
  const chain = settings.chain ?? [];
  const runs = [...chain, ...settings.other].some(({ name, on }) => name === 'custom' && on);
  if (!strange || !runs) {
    store.settings.value = settings;
    return;
  }
  store.settings.value = { ...settings, chain: settings.chain && without(chain), other: without(settings.other) };
  say(
    'CodeFromLink',
    'This link contains the code of a sampler. It is switched off: read the code, then switch the sampler on in the chain.',
  );
}

function choiceOf(name: string): ModelChoice {
  if (name === 'story' || name === 'story-amateur') return { kind: 'demo', name };
  if (/^[\w.-]+\/[\w.-]+(:.+)?$|^(https?:\/\/)?(www\.)?(huggingface|hf)\.co\//.test(name)) return { kind: 'hub', name };
  // Files cannot be opened by their name alone.
  return { kind: 'demo', name: 'story' };
}

/** After a change of the settings: update the address and the notes on the chains, and run again with Live. */
export function followSettings(): void {
  const address = later(250, () => {
    const fragment = settingsToFragment(store.settings.value);
    if (location.hash !== fragment) history.replaceState(null, '', fragment || location.pathname + location.search);
  });
  const notes = later(120, () => void check());
  const again = later(180, () => {
    if (store.live.value && store.usable.value) void generate();
  });
  let before: Settings | undefined;
  effect(() => {
    const { value } = store.settings;
    if (before !== undefined) {
      address();
      notes();
      if (shapesText(before, value)) again();
    }
    before = value;
  });
  addEventListener('hashchange', takeAddress);
}

/** Whether the change affects a run. */
function shapesText(
  { other: _, engine: __, model: ___, ...a }: Settings,
  { other, engine, model, ...b }: Settings,
): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}

/** Debounce: do the work once, some milliseconds after the last call. */
function later(milliseconds: number, work: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
}
