import { generate as generateOptions } from 'virtual:catalog';
import { generate, stop } from '../../state/actions.ts';
import { busy, change, live, run, settings, usable } from '../../state/store.ts';

const optionOf = Object.fromEntries(generateOptions.map((option) => [option.name, option]));

export function PromptForm() {
  const ready = usable.value;
  const { prompt, seed } = settings.value;
  const begin = (): void => {
    if (ready) void generate();
  };
  return (
    <form
      class="card prompt"
      onSubmit={(event) => {
        event.preventDefault();
        begin();
      }}
    >
      <label for="prompt" class="hidden">
        Prompt
      </label>
      <textarea
        id="prompt"
        rows={2}
        value={prompt}
        placeholder="Write the beginning of a text…"
        spellcheck={false}
        onInput={(event) => change({ prompt: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) begin();
          if (event.key === 'Escape') stop();
        }}
      />
      <div class="prompt-actions">
        {/* Keys keep the two buttons apart: a reused element would submit the form during its own click. */}
        {busy.value ? (
          <button key="stop" type="button" class="primary stop" onClick={stop}>
            Stop
          </button>
        ) : (
          <button key="generate" type="submit" class="primary" disabled={!ready} title="Ctrl+Enter">
            Generate
          </button>
        )}
        <button
          type="button"
          disabled={!ready}
          title="The same settings with the next seed"
          onClick={() => {
            change({ seed: seed + 1 });
            begin();
          }}
        >
          Another
        </button>
        <label class="field inline" title={optionOf.seed?.help}>
          Seed
          <input
            type="number"
            min={0}
            step={1}
            value={seed}
            onInput={(event) => change({ seed: Math.max(0, Math.floor(event.currentTarget.valueAsNumber || 0)) })}
          />
        </label>
        <label class="field inline" title={optionOf.maxNewTokens?.help}>
          Tokens
          <input
            type="number"
            min={1}
            max={4096}
            step={1}
            value={settings.value.maxNewTokens}
            onInput={(event) =>
              change({ maxNewTokens: Math.max(1, Math.floor(event.currentTarget.valueAsNumber || 1)) })
            }
          />
        </label>
        <label class="check" title="Generate again with the same seed after each change">
          <input
            type="checkbox"
            checked={live.value}
            onChange={(event) => {
              live.value = event.currentTarget.checked;
              if (live.value && run.value === undefined) begin();
            }}
          />
          Live
        </label>
      </div>
    </form>
  );
}
