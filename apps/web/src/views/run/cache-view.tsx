import { useSignal } from '@preact/signals';
import { bytes } from '../../charts/scales.ts';
import { niceTop } from '../../options/nice-top.ts';
import { race as startRace } from '../../state/actions.ts';
import { loaded, memory, type RaceState, race, run, usable } from '../../state/store.ts';

const width = 640;
const height = 200;

/** The contents of the cache after the last run, and a race with and without a cache. */
export function CacheView() {
  const tokens = useSignal(96);
  const { value } = race;
  return (
    <>
      <Held />
      <h3>With and without a cache</h3>
      <p class="help">
        The same text is generated greedily twice, alternating token by token: once with the cache, once computing
        everything again for each token.
      </p>
      <div class="race-actions">
        <label class="field inline">
          Tokens
          <input
            type="number"
            min={8}
            max={400}
            value={tokens.value}
            onInput={(event) => (tokens.value = Math.max(8, Math.floor(event.currentTarget.valueAsNumber || 8)))}
          />
        </label>
        <button
          type="button"
          class="primary"
          disabled={!usable.value || value?.status === 'running'}
          onClick={() => void startRace(tokens.value)}
        >
          {value?.status === 'running' ? 'Racing …' : 'Start the race'}
        </button>
      </div>
      <Chart race={value} tokens={tokens.value} />
      {value?.failure && (
        <p class="problem" role="alert">
          {value.failure.message}
        </p>
      )}
    </>
  );
}

function Held() {
  const { value } = run;
  const cache = value?.end?.cache ?? value?.tokens.at(-1)?.cache;
  const usage = value?.end?.usage;
  const context = loaded.value?.model.contextLength ?? 1;
  const reused = usage?.cachedTokens ?? 0;
  return (
    <>
      <h3>Contents</h3>
      <div
        class="cache-bar"
        role="img"
        aria-label={`${cache?.tokens ?? 0} of ${context} positions, ${reused} of them reused from the run before`}
      >
        <span class="cache-reused" style={`width:${(reused / context) * 100}%`} />
        <span class="cache-new" style={`width:${(Math.max(0, (cache?.tokens ?? 0) - reused) / context) * 100}%`} />
      </div>
      <dl class="numbers">
        <div>
          <dt>positions</dt>
          <dd>
            {cache?.tokens ?? 0} of {context}
          </dd>
        </div>
        <div>
          <dt>bytes</dt>
          <dd>{bytes(cache?.bytes ?? 0)}</dd>
        </div>
        <div>
          <dt>reused prompt tokens</dt>
          <dd>{usage === undefined ? '–' : `${usage.cachedTokens} of ${usage.promptTokens}`}</dd>
        </div>
        <div>
          <dt>engine memory</dt>
          <dd
            id="engine-memory"
            data-bytes={memory.value?.bytes}
            data-buffers={memory.value?.buffers}
            data-tensors={memory.value?.tensors}
          >
            {memory.value === undefined ? '–' : `${bytes(memory.value.bytes)} in ${memory.value.buffers} buffers`}
          </dd>
        </div>
      </dl>
    </>
  );
}

function Chart({ race: value, tokens }: { race: RaceState | undefined; tokens: number }) {
  const steps = value?.steps ?? [];
  // The first token includes the prompt, so it is left out.
  const series = (['naive', 'cached'] as const).map((name) => ({
    name,
    points: steps.filter((step) => step.series === name).slice(1),
  }));
  const all = series.flatMap(({ points }) => points.map(({ milliseconds }) => milliseconds)).sort((a, b) => a - b);
  // A single outlier must not flatten the rest.
  const top = niceTop((all[Math.floor(all.length * 0.98)] ?? 1) * 1.1);
  const point = (milliseconds: number, index: number): string =>
    `${((index / Math.max(1, tokens - 2)) * width).toFixed(1)},${(height - (Math.min(milliseconds, top) / top) * height).toFixed(1)}`;
  const medians = series.map(({ points }) => median(points.slice(-16).map(({ milliseconds }) => milliseconds)));
  const times = medians[0]! / medians[1]!;
  return (
    <figure class="race">
      <div class="plot">
        <span class="axis">{top} ms</span>
        <svg
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={chartLabel(medians, times)}
        >
          <line class="rule" x1="0" x2={width} y1={height / 2} y2={height / 2} />
          <line class="rule" x1="0" x2={width} y1={height} y2={height} />
          {series.map(({ name, points }) => (
            <polyline
              key={name}
              class={`line-${name}`}
              points={points.map(({ milliseconds }, index) => point(milliseconds, index)).join(' ')}
            />
          ))}
        </svg>
      </div>
      <figcaption>
        <ul class="keys">
          <li class="key-naive">without a cache {Number.isFinite(medians[0]) && `${medians[0]!.toFixed(1)} ms`}</li>
          <li class="key-cached">with a cache {Number.isFinite(medians[1]) && `${medians[1]!.toFixed(1)} ms`}</li>
        </ul>
        <p role="status">
          {value?.status === 'done' && Number.isFinite(times) && (
            <span>
              At the end a token takes <b>{times.toFixed(1)} times</b> as long without a cache.{' '}
              {value.same === true
                ? 'Both wrote the same tokens.'
                : value.same === false
                  ? 'They wrote different tokens.'
                  : ''}
            </span>
          )}
        </p>
      </figcaption>
    </figure>
  );
}

function chartLabel([naive, cached]: readonly number[], times: number): string {
  if (!Number.isFinite(times)) return 'Milliseconds for each token; nothing measured yet';
  return `Milliseconds for each token, the last ones: ${naive!.toFixed(1)} without a cache, ${cached!.toFixed(1)} with one`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
