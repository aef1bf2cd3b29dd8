import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { bytes } from '../../charts/scales.ts';
import type { ModelChoice } from '../../settings.ts';
import { forget, listCached, open } from '../../state/actions.ts';
import { chosenFiles, filesChoice } from '../../state/files.ts';
import { cached, modelChoice } from '../../state/store.ts';
import { CrossIcon } from '../parts/icons.tsx';

const demos = [
  ['story', '5.9 million parameters, trained on old novels'],
  ['story-amateur', '0.4 million parameters, same tokenizer; the amateur in contrastive decoding'],
] as const;

export function ModelDialog({ shown }: { shown: Signal<boolean> }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (!shown.value) return dialog.current?.close();
    dialog.current?.showModal();
    void listCached();
  }, [shown.value]);
  const wanted = useSignal('');
  const take = (choice: ModelChoice): void => {
    shown.value = false;
    void open(choice);
  };
  const takeFiles = (input: HTMLInputElement): void => {
    const files = chosenFiles(input.files ?? []);
    if (files.length > 0) take(filesChoice(files));
    // Allows choosing the same files again.
    input.value = '';
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="model-title" onClose={() => (shown.value = false)}>
      <div class="dialog-head">
        <h2 id="model-title">Model</h2>
        <button type="button" class="icon" aria-label="Close" onClick={() => (shown.value = false)}>
          <CrossIcon />
        </button>
      </div>
      <h3>Included</h3>
      <ul class="models">
        {demos.map(([name, about]) => (
          <li key={name}>
            <button
              type="button"
              class="model"
              aria-pressed={modelChoice.value.name === name}
              onClick={() => take({ kind: 'demo', name })}
            >
              <b>{name}</b> {about}
            </button>
          </li>
        ))}
      </ul>
      <h3>From this computer</h3>
      <p class="help">
        A folder in Hugging Face layout or a GGUF file. Nothing is uploaded; you can also drop it anywhere on the page.
      </p>
      <div class="file-actions">
        <label class="button">
          Choose a folder
          <input
            type="file"
            class="hidden"
            // @ts-expect-error not in the types, but in every browser
            webkitdirectory
            onChange={(event) => takeFiles(event.currentTarget)}
          />
        </label>
        <label class="button">
          Choose files
          <input
            type="file"
            class="hidden"
            multiple
            accept=".gguf,.safetensors,.json,.txt,.model"
            onChange={(event) => takeFiles(event.currentTarget)}
          />
        </label>
      </div>
      <h3>From a hub</h3>
      <form
        class="hub-form"
        onSubmit={(event) => {
          event.preventDefault();
          const name = wanted.value.trim();
          if (name !== '') take({ kind: 'hub', name });
        }}
      >
        <input
          type="text"
          aria-label="Name of a model on huggingface.co"
          placeholder="organization/name, or organization/name:file.gguf"
          spellcheck={false}
          autocapitalize="off"
          value={wanted.value}
          onInput={(event) => {
            wanted.value = event.currentTarget.value;
          }}
        />
        <button type="submit" disabled={wanted.value.trim() === ''}>
          Download
        </button>
      </form>
      <p class="help">
        Downloaded from huggingface.co once, verified with the hub’s checksums, and stored in this browser.
      </p>
      {cached.value.length > 0 && (
        <ul class="models kept" aria-label="Models that this browser keeps">
          {cached.value.map(({ name, bytes: size }) => (
            <li key={name}>
              <button type="button" class="model" onClick={() => take({ kind: 'hub', name })}>
                <b>{name}</b> {bytes(size)}
              </button>
              <button type="button" class="icon" aria-label={`Remove ${name}`} onClick={() => void forget(name)}>
                <CrossIcon />
              </button>
            </li>
          ))}
        </ul>
      )}
    </dialog>
  );
}
