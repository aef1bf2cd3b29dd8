import { draftRounds, draftSummary } from '../../charts/draft-rounds.ts';
import { percent, visible } from '../../charts/scales.ts';
import { pinned, type RunState, selected } from '../../state/store.ts';

/** Per round: the drafted tokens, the accepted ones, and the model's own token. */
export function DraftView({ run }: { run: RunState }) {
  const steps = run.steps.filter((step) => step.kind === 'draft');
  if (steps.length === 0) return <p class="empty">The first round of guesses appears here.</p>;
  const rounds = draftRounds(
    steps,
    run.tokens.map(({ id }) => id),
  );
  const { drafted, accepted, perPass } = draftSummary(rounds);
  const label = (id: number): string => visible(run.texts.get(id) ?? `#${id}`);
  return (
    <>
      <p class="verdict">
        <b>{accepted}</b> of {drafted} guesses accepted ({percent(drafted === 0 ? 0 : accepted / drafted)}):{' '}
        <b>{perPass.toFixed(2)}</b> tokens per pass of the model, in {rounds.length} passes.
      </p>
      <meter class="acceptance" min={0} max={Math.max(1, drafted)} value={accepted} aria-label="Accepted guesses" />
      <ol class="rounds">
        {rounds.map((round, index) => (
          <li key={index}>
            <button
              type="button"
              class="plain number"
              aria-label={`Round ${index + 1}: go to its first token`}
              onClick={() => {
                selected.value = round.from;
                pinned.value = true;
              }}
            >
              {index + 1}
            </button>
            {round.drafted.map((id, at) => (
              <span key={at} class={at < round.accepted ? 'guess accepted' : 'guess rejected'}>
                <span class="hidden">{at < round.accepted ? 'accepted ' : 'rejected '}</span>
                {label(id)}
              </span>
            ))}
            {round.own !== undefined && (
              <span class="guess own">
                <span class="hidden">the model’s own </span>
                {label(round.own)}
              </span>
            )}
          </li>
        ))}
      </ol>
      <ul class="keys">
        <li class="key-accepted">accepted</li>
        <li class="key-rejected">rejected</li>
        <li class="key-own">the model’s own token</li>
      </ul>
    </>
  );
}
