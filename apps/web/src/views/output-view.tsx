import { surprise } from '../charts/scales.ts';
import { run } from '../state/store.ts';

export function OutputView() {
  const { value } = run;
  return (
    <section class="output">
      {value?.settings.prompt}
      {value?.tokens.map(({ piece, probability }, index) => (
        <span key={index} class="token" style={{ '--heat': surprise(probability) }}>
          {piece}
        </span>
      ))}
      {value?.failure && <p role="alert">{value.failure.message}</p>}
    </section>
  );
}
