import { useSignal } from '@preact/signals';
import { typescriptCode } from '../../code/typescript-code.ts';
import type { EngineChoice } from '../../settings.ts';
import { chain, loaded, run, settings } from '../../state/store.ts';
import { Scroll } from '../parts/scroll.tsx';

/** The settings as a program, and the options of the last run with their sources. */
export function CodeView() {
  const copied = useSignal(false);
  const code = typescriptCode({ ...settings.value, chain: chain.value ?? [] }, engineNow());
  const options = run.value?.end?.options;
  return (
    <>
      <div class="code-head">
        <p class="help">These settings as a program. With the same seed it writes the same text.</p>
        <button
          type="button"
          onClick={async () => {
            await navigator.clipboard.writeText(code);
            copied.value = true;
            setTimeout(() => (copied.value = false), 1500);
          }}
        >
          {copied.value ? 'Copied' : 'Copy'}
        </button>
      </div>
      <Scroll label="TypeScript code">
        <pre class="listing">{code}</pre>
      </Scroll>
      {options !== undefined && (
        <details>
          <summary>Options of the last run, and where each value came from</summary>
          <dl class="options">
            {Object.entries(options).map(([name, { value, source }]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <code>{JSON.stringify(value) ?? 'none'}</code> <span class="source">{source}</span>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}

/** The running engine, as the settings name it. */
function engineNow(): Exclude<EngineChoice, 'auto'> {
  const { engine } = settings.value;
  if (engine !== 'auto') return engine;
  const name = loaded.value?.engine.engine ?? '';
  if (name.startsWith('tfjs ')) return name.slice(5) as 'webgpu' | 'wasm' | 'cpu';
  return name === 'fused webgpu' ? 'fused-webgpu' : 'fused';
}
