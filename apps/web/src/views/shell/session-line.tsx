import { bytes } from '../../charts/scales.ts';
import type { SessionInfo } from '../../protocol.ts';
import { cancelOpening, open } from '../../state/actions.ts';
import { session } from '../../state/store.ts';

/** The model, its engine and the reason for it, or the progress of loading. */
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
  const { engine: name, weights, threads, reason, attempts, notices } = engine;
  return (
    <span
      role="status"
      title={attempts.map((attempt) => `${attempt.engine}: ${attempt.outcome}, ${attempt.reason}`).join('\n')}
    >
      <b>{model.name}</b> {model.layers} layers, {model.vocabSize.toLocaleString('en')} tokens, {bytes(model.bytes)} ·{' '}
      <b>{name}</b>
      {weights !== 'auto' && `, ${weights} weights`}
      {threads > 1 && `, ${threads} threads`}: {reason}.{notices.length > 0 && ` ${notices.join(' ')}`}
      {model.notices.map((notice) => ` ${notice}.`)}
    </span>
  );
}
