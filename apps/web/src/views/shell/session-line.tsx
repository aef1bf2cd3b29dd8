import { bytes } from '../../charts/scales.ts';
import type { SessionInfo } from '../../protocol.ts';
import { cancelOpening, open } from '../../state/actions.ts';
import { session } from '../../state/store.ts';

/** What the model runs on and why; how far loading is. Its height never changes. */
export function SessionLine() {
  const { value } = session;
  if (value.status === 'ready') return <p class="session">{describe(value.info)}</p>;
  if (value.status === 'failed')
    return (
      <p class="session failed" role="alert">
        {value.failure.message}{' '}
        {value.before === undefined ? (
          <button type="button" class="plain" onClick={() => void open()}>
            Try again
          </button>
        ) : (
          <span>The model that was loaded before stays.</span>
        )}
      </p>
    );
  const { step, loaded, total } = value.progress;
  return (
    <div class="session">
      <span role="status">{step} …</span>
      {loaded !== undefined && total !== undefined && (
        <>
          <progress value={loaded} max={total} aria-label={step} />
          <span class="number">
            {bytes(loaded)} of {bytes(total)}
          </span>
        </>
      )}
      {value.before !== undefined && (
        <button type="button" class="plain" onClick={cancelOpening}>
          Cancel
        </button>
      )}
    </div>
  );
}

function describe({ engine, model }: SessionInfo) {
  const threads = engine.threads > 1 ? `, ${engine.threads} threads` : '';
  return (
    <span role="status" title={engine.skipped.join('\n')}>
      <b>{model.name}</b> {model.layers} layers, {model.vocabSize.toLocaleString('en')} tokens, {bytes(model.bytes)} ·{' '}
      <b>{engine.name}</b>
      {threads}. {engine.reason}
      {engine.skipped.length > 0 && ` Could not start: ${engine.skipped.join('; ')}`}
    </span>
  );
}
