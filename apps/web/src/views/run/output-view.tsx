import { useSignal } from '@preact/signals';
import { describeFinish } from '@tokenwright/core';
import { bytes } from '../../charts/scales.ts';
import { examples } from '../../examples.ts';
import type { CacheReport } from '../../protocol.ts';
import { compare, generate } from '../../state/actions.ts';
import { change, loaded, pinned, type RunState, run, selected, usable } from '../../state/store.ts';
import { tab } from '../../state/tab.ts';
import { type Coloring, TokenText } from './token-text.tsx';

const colorings: readonly [Coloring, string][] = [
  ['probability', 'probability'],
  ['rank', 'rank'],
  ['entropy', 'entropy'],
];

export function OutputView() {
  const coloring = useSignal<Coloring>('probability');
  const { value } = run;
  return (
    <section class="card output" aria-label="Output">
      {value === undefined ? (
        <Welcome />
      ) : (
        <TokenText
          id="token"
          label="Generated text. Choose a token with the arrow keys"
          prompt={value.settings.prompt}
          tokens={value.tokens}
          texts={value.texts}
          selected={selected.value}
          coloring={coloring.value}
          onSelect={(index) => {
            selected.value = index;
            pinned.value = true;
          }}
        />
      )}
      {value?.failure && (
        <p class="problem" role="alert">
          {value.failure.message}
          {value.failure.line !== undefined && ` (your sampler, line ${value.failure.line})`}
        </p>
      )}
      <footer class="facts">
        <span class="legend">
          <label>
            Color{' '}
            <select
              value={coloring.value}
              onChange={(event) => (coloring.value = event.currentTarget.value as Coloring)}
            >
              {colorings.map(([name, text]) => (
                <option key={name} value={name}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <span class="ramp" aria-hidden="true">
            <i>sure</i>
            <i class="ramp-bar" />
            <i>surprised</i>
          </span>
        </span>
        <Facts run={value} />
      </footer>
      <p class="hidden" role="status">
        {value?.status === 'done' ? `${value.tokens.length} tokens generated.` : ''}
      </p>
    </section>
  );
}

/** Shown before the first run. */
function Welcome() {
  return (
    <div class="empty">
      <p>
        Press <b>Generate</b>, or start with an example. The color of a token shows its probability; select a token to
        see how it was chosen.
      </p>
      <ul class="examples">
        {examples.map(({ title, about, tab: view, settings }) => (
          <li key={title}>
            <button
              type="button"
              disabled={!usable.value}
              onClick={() => {
                change(settings);
                tab.value = view;
                void generate().then(() => (view === 'compare' ? compare() : undefined));
              }}
            >
              <b>{title}</b>
              {about}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Facts({ run: value }: { run: RunState | undefined }) {
  const cache = value?.end?.cache ?? value?.tokens.at(-1)?.cache;
  return (
    <span class="facts-numbers">
      {value !== undefined && (
        <>
          <span>
            <b class="number">{value.tokens.length}</b> tokens
          </span>
          <span>
            <b class="number">{rate(value)}</b> per second
          </span>
          {value.end && (
            <span>
              first after <b class="number">{value.end.timing.prefill.toFixed(0)}</b> ms
            </span>
          )}
          {value.end && <span>{describeFinish(value.end)}</span>}
        </>
      )}
      <CacheMeter cache={cache} reused={value?.end?.usage.cachedTokens} />
    </span>
  );
}

/** Positions and bytes of the cache, and how many prompt tokens were already in it. */
export function CacheMeter({ cache, reused }: { cache: CacheReport | undefined; reused: number | undefined }) {
  const context = loaded.value?.model.contextLength ?? 0;
  if (cache === undefined || context === 0) return null;
  return (
    <span class="meter">
      {run.value?.settings.decoding.kind === 'beams' ? 'KV cache of the prompt' : 'KV cache'}
      <meter min={0} max={context} value={cache.tokens} aria-label="Positions in the KV cache" />
      <b class="number">
        {cache.tokens}/{context}
      </b>
      <span class="number">{bytes(cache.bytes)}</span>
      {reused !== undefined && <span class="number">{reused} reused</span>}
    </span>
  );
}

/** New tokens per second, without the prompt. A search emits all its tokens at its end. */
function rate({ tokens, end, settings }: RunState): string {
  if (end !== undefined && settings.decoding.kind === 'beams')
    return ((end.usage.completionTokens / end.timing.total) * 1000).toFixed(0);
  const milliseconds = end?.timing.perToken ?? mean(tokens.slice(1).map((token) => token.milliseconds));
  return milliseconds > 0 ? (1000 / milliseconds).toFixed(0) : '–';
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
