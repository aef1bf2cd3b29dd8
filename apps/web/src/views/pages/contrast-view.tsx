import { percent, visible } from '../../charts/scales.ts';
import type { ContrastRow } from '../../protocol.ts';
import { type RunState, selected } from '../../state/store.ts';
import { Scroll } from '../parts/scroll.tsx';

/** Probabilities of the expert, the other source and their combination, for the same tokens. */
export function ContrastView({ run }: { run: RunState }) {
  const steps = run.steps.filter((step) => step.kind === 'contrast');
  const step = steps[selected.value ?? steps.length - 1];
  if (step === undefined) return <p class="empty">Expert and amateur appear with the first token.</p>;
  const label = (id: number): string => visible(run.texts.get(id) ?? `#${id}`);
  const changed = steps.filter(({ rows }) => bestOf(rows, 'expert') !== bestOf(rows, 'combined')).length;
  const largest = Math.max(
    ...step.rows.flatMap(({ expert, amateur, combined }) => [expert, amateur, combined].map(exp)),
  );
  const spread = Math.max(0.5, ...step.rows.map((row) => Math.abs(difference(row) ?? 0)));
  return (
    <>
      <p class="verdict">
        Token {(selected.value ?? steps.length - 1) + 1}: <b class="quoted">{label(step.id)}</b>{' '}
        <span>
          — the contrast changed the first choice at <b>{changed}</b> of {steps.length} positions.
        </span>
      </p>
      <Scroll label="Expert and amateur">
        <table class="stages contrast">
          <thead>
            <tr>
              <th scope="col">Candidate</th>
              <th scope="col">Expert</th>
              <th scope="col">
                <span class="stage-name">Amateur</span>
                <span class="stage-parameter">{step.amateurName}</span>
              </th>
              <th scope="col">
                <span class="stage-name">Difference</span>
                <span class="stage-parameter">ln expert − ln amateur</span>
              </th>
              <th scope="col">Combined</th>
            </tr>
          </thead>
          <tbody>
            {step.rows.map((row) => (
              <tr key={row.id} class={row.id === step.id ? 'chosen' : undefined}>
                <th scope="row" class="quoted">
                  {label(row.id)}
                </th>
                <Share logarithm={row.expert} largest={largest} />
                <Share logarithm={row.amateur} largest={largest} kind="amateur" />
                <td>
                  <Difference value={difference(row)} spread={spread} />
                </td>
                <Share logarithm={row.combined} largest={largest} />
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}

function Share({ logarithm, largest, kind = '' }: { logarithm: number | null; largest: number; kind?: string }) {
  if (logarithm === null)
    return (
      <td>
        <span class="removed">implausible</span>
      </td>
    );
  return (
    <td>
      <span class="cell">
        <span class={`bar ${kind}`} style={`width:${((exp(logarithm) / largest) * 100).toFixed(1)}%`} />
        <span class="number">{percent(exp(logarithm))}</span>
      </span>
    </td>
  );
}

/** A bar from the middle: to the right where the expert gives the higher probability. */
function Difference({ value, spread }: { value: number | undefined; spread: number }) {
  if (value === undefined) return <span class="gone">–</span>;
  const width = Math.min(50, (Math.abs(value) / spread) * 50);
  return (
    <span class="cell diverging">
      <span
        class={value >= 0 ? 'bar more' : 'bar less'}
        style={value >= 0 ? `left:50%;width:${width}%` : `right:50%;width:${width}%`}
      />
      <span class={value >= 0 ? 'number before' : 'number after'}>
        {value >= 0 ? '+' : '−'}
        {Math.abs(value).toFixed(2)}
      </span>
    </span>
  );
}

function exp(logarithm: number | null): number {
  return logarithm === null ? 0 : Math.exp(logarithm);
}

function difference({ expert, amateur }: ContrastRow): number | undefined {
  return expert === null || amateur === null ? undefined : expert - amateur;
}

function bestOf(rows: readonly ContrastRow[], source: 'expert' | 'combined'): number | undefined {
  let best: ContrastRow | undefined;
  for (const row of rows) if ((row[source] ?? -Infinity) > (best?.[source] ?? -Infinity)) best = row;
  return best?.id;
}
