import { useSignal } from '@preact/signals';
import { type EngineChoice, engineChoices } from '../../settings.ts';
import { open } from '../../state/actions.ts';
import { change, modelChoice, settings } from '../../state/store.ts';
import { theme, toggleTheme } from '../../state/theme.ts';
import { ModelDialog } from '../forms/model-dialog.tsx';
import { AutoIcon, DoneIcon, LinkIcon, MoonIcon, SunIcon } from '../parts/icons.tsx';

const engineLabels: Readonly<Record<EngineChoice, string>> = {
  auto: 'Best here',
  fused: 'Fused wasm',
  'fused-8-bit': 'Fused wasm, 8-bit',
  'fused-webgpu': 'Fused WebGPU',
  'fused-webgpu-8-bit': 'Fused WebGPU, 8-bit',
  webgpu: 'TF.js WebGPU',
  wasm: 'TF.js wasm',
  cpu: 'TF.js cpu',
};

export function Header() {
  const choosing = useSignal(false);
  const copied = useSignal(false);
  return (
    <header class="top">
      <p class="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="7" class="brand-ground" />
          <rect x="6" y="8" width="20" height="4" rx="2" class="brand-bar" />
          <rect x="6" y="14.5" width="13" height="4" rx="2" class="brand-bar" />
          <rect x="6" y="21" width="7" height="4" rx="2" class="brand-bar" />
        </svg>
        <span>Tokenwright</span>
      </p>
      <div class="top-controls">
        <button type="button" class="pick" onClick={() => (choosing.value = true)}>
          <span class="pick-label">Model</span> {modelChoice.value.name}
        </button>
        <label class="pick">
          <span class="pick-label">Engine</span>
          <select
            aria-label="Engine"
            value={settings.value.engine}
            onChange={(event) => {
              change({ engine: event.currentTarget.value as EngineChoice });
              void open();
            }}
          >
            {engineChoices.map((choice) => (
              <option key={choice} value={choice}>
                {engineLabels[choice]}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          class="icon"
          aria-label="Copy a link to these settings"
          title="Copy a link to these settings"
          onClick={async () => {
            await navigator.clipboard.writeText(location.href);
            copied.value = true;
            setTimeout(() => (copied.value = false), 1500);
          }}
        >
          {copied.value ? <DoneIcon /> : <LinkIcon />}
        </button>
        <button
          type="button"
          class="icon"
          aria-label={`Theme: ${theme.value}. Change it`}
          title={`Theme: ${theme.value}`}
          onClick={toggleTheme}
        >
          {theme.value === 'dark' ? <MoonIcon /> : theme.value === 'light' ? <SunIcon /> : <AutoIcon />}
        </button>
      </div>
      <ModelDialog shown={choosing} />
    </header>
  );
}
