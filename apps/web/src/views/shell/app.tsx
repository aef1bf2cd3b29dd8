import { notice } from '../../state/store.ts';
import { DropZone } from '../forms/drop-zone.tsx';
import { PromptForm } from '../forms/prompt-form.tsx';
import { SettingsPanel } from '../forms/settings-panel.tsx';
import { OutputView } from '../run/output-view.tsx';
import { Timeline } from '../run/timeline.tsx';
import { Header } from './header.tsx';
import { SessionLine } from './session-line.tsx';
import { Tabs } from './tabs.tsx';

export function App() {
  return (
    <>
      <Header />
      <SessionLine />
      <main class="layout">
        <h1 class="hidden">Tokenwright playground</h1>
        <div class="column">
          {notice.value && (
            <p class="notice" role="alert">
              {notice.value.message}
              <button type="button" class="plain" onClick={() => (notice.value = undefined)}>
                Dismiss
              </button>
            </p>
          )}
          <PromptForm />
          <OutputView />
          <Timeline />
          <Tabs />
        </div>
        <SettingsPanel />
      </main>
      <DropZone />
    </>
  );
}
