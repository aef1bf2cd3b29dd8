import { chain, change, reports, settings } from '../../state/store.ts';
import { tab } from '../../state/tab.ts';
import { ChainEditor } from './chain-editor.tsx';
import { DecodingForm } from './decoding-form.tsx';

export function SettingsPanel() {
  return (
    <aside class="settings" aria-label="Settings">
      <section class="card">
        <h2>Decoding</h2>
        <DecodingForm />
        <label class="check">
          <input
            type="checkbox"
            checked={settings.value.ignoreEnd}
            onChange={(event) => change({ ignoreEnd: event.currentTarget.checked })}
          />
          Continue after the model's end token
        </label>
      </section>
      <section class="card">
        <h2>Sampler chain</h2>
        {settings.value.grammar.on && (
          <p class="help after-grammar">
            Applies to the tokens that the{' '}
            <button type="button" class="plain" onClick={() => (tab.value = 'grammar')}>
              grammar
            </button>{' '}
            leaves.
          </p>
        )}
        <ChainEditor
          label="Sampler chain"
          chain={chain.value}
          report={reports.value?.chain}
          onChange={(next) => change({ chain: next })}
        />
      </section>
    </aside>
  );
}
