import { generate, stop } from '../state/actions.ts';
import { busy, change, session, settings } from '../state/store.ts';

export function PromptForm() {
  const ready = session.value.status === 'ready';
  return (
    <form
      class="prompt"
      onSubmit={(event) => {
        event.preventDefault();
        void generate();
      }}
    >
      <label for="prompt">Prompt</label>
      <textarea
        id="prompt"
        rows={3}
        value={settings.value.prompt}
        onInput={(event) => change({ prompt: event.currentTarget.value })}
      />
      <button type="submit" disabled={!ready}>
        Generate
      </button>
      <button type="button" disabled={!busy.value} onClick={stop}>
        Stop
      </button>
    </form>
  );
}
