import { Header } from './header.tsx';
import { OutputView } from './output-view.tsx';
import { PromptForm } from './prompt-form.tsx';

export function App() {
  return (
    <>
      <Header />
      <main class="layout">
        <div class="column">
          <PromptForm />
          <OutputView />
        </div>
      </main>
    </>
  );
}
