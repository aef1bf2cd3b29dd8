import { session } from '../state/store.ts';

export function Header() {
  const { value } = session;
  return (
    <header class="top">
      <h1>tokenwright</h1>
      <p class="session" role="status">
        {value.status === 'ready'
          ? `${value.info.model.name} on ${value.info.engine.name}`
          : value.status === 'loading'
            ? value.progress.step
            : value.failure.message}
      </p>
    </header>
  );
}
