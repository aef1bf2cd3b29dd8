import { ordinal } from '../../charts/scales.ts';
import { niceTop } from '../../options/nice-top.ts';
import type { TokenReport } from '../../protocol.ts';
import { pinned, run, selected } from '../../state/store.ts';
import { memo } from '../parts/memo.ts';

const height = 84;
const gap = 0.18;

/** Per token: entropy of the model and after the chain, surprise of the sampled token, and below it the rank. */
export function Timeline() {
  const tokens = run.value?.tokens ?? [];
  const room = Math.max(tokens.length, run.value?.settings.maxNewTokens ?? 60, 24);
  const model = tokens.map(({ distributions }) => distributions[0]?.entropy ?? 0);
  const after = tokens.map(({ distributions }) => distributions.at(-1)?.entropy ?? 0);
  const drawn = tokens.map(({ logprob }) => -logprob);
  const top = niceTop(Math.max(4, ...model, ...drawn.filter(Number.isFinite)));
  return (
    <section class="card timeline" aria-label="Entropy over time">
      <div class="timeline-head">
        <h2>Entropy over time</h2>
        <ul class="keys">
          <li class="key-model">model</li>
          <li class="key-after">after the chain</li>
          <li class="key-drawn">surprise of the sampled token</li>
          <li class="key-rank">rank (log)</li>
        </ul>
      </div>
      <div class="plot">
        <span class="axis">{top} nats</span>
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the text above selects the same tokens with the keyboard */}
        <svg
          viewBox={`0 0 ${room} ${height + 26}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={describe(model, after)}
          onClick={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            const index = Math.floor(((event.clientX - box.left) / box.width) * room);
            if (index < 0 || index >= tokens.length) return;
            selected.value = index;
            pinned.value = true;
          }}
        >
          <line class="rule" x1="0" x2={room} y1={height / 2} y2={height / 2} />
          <line class="rule" x1="0" x2={room} y1={height} y2={height} />
          {selected.value !== undefined && (
            <rect class="cursor" x={selected.value} y="0" width="1" height={height + 26} />
          )}
          {tokens.map((token, x) => (
            <Column key={x} token={token} x={x} top={top} />
          ))}
        </svg>
      </div>
    </section>
  );
}

/** One token: entropies as bars, surprise as a mark, rank below. */
const Column = memo(({ token, x, top }: { token: TokenReport; x: number; top: number }) => {
  const y = (nats: number): number => height - (Math.min(nats, top) / top) * height;
  const bar = { x: x + gap / 2, width: 1 - gap };
  const model = y(token.distributions[0]?.entropy ?? 0);
  const after = y(token.distributions.at(-1)?.entropy ?? 0);
  const rank = Math.min(1, Math.log10(Math.max(1, token.rank)) / 3);
  return (
    <g>
      <rect class="bar-model" {...bar} y={model} height={height - model} />
      <rect class="bar-after" {...bar} y={after} height={height - after} />
      <rect class="dot-drawn" {...bar} y={y(-token.logprob) - 1.5} height={3} />
      <rect class="bar-rank" {...bar} y={height + 4} height={2 + 20 * rank} />
    </g>
  );
});

function describe(model: readonly number[], after: readonly number[]): string {
  if (model.length === 0) return 'No tokens yet.';
  const mean = (values: readonly number[]): string =>
    (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(2);
  const highest = model.indexOf(Math.max(...model)) + 1;
  return `Mean entropy ${mean(model)} nats by the model, ${mean(after)} after the chain; highest at the ${ordinal(highest)} token.`;
}
