import { notice } from '../state/store.ts';
import { DropZone } from './drop-zone.tsx';
import { Header } from './header.tsx';
import { OutputView } from './output-view.tsx';
import { PromptForm } from './prompt-form.tsx';
import { SessionLine } from './session-line.tsx';
import { SettingsPanel } from './settings-panel.tsx';
import { Tabs } from './tabs.tsx';
import { Timeline } from './timeline.tsx';

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
