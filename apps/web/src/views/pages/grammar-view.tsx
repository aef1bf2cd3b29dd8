import { percent } from '../../charts/scales.ts';
import type { GrammarPoint } from '../../protocol.ts';
import { pinned, type RunState, reports, run, selected, settings } from '../../state/store.ts';
import { GrammarForm } from '../forms/grammar-form.tsx';
import { Document, Expected, MaskStrip } from '../run/grammar-run.tsx';

/** What the text must be, and how a run follows it. */
export function GrammarView() {
  const { value } = run;
  const { grammar } = settings.value;
  const followed = value?.settings.grammar.on === true && value.tokens.length > 0 ? value : undefined;
  const point = followed === undefined ? reports.value?.grammar?.first : pointOf(followed);
  const isShown =
    grammar.on && followed !== undefined && JSON.stringify(followed.settings.grammar) === JSON.stringify(grammar);
  return (
    <>
      <p class="help grammar-help">
        Tokens that cannot lead to a text of the grammar are removed before the sampler chain. An end token stays
        exactly where the text is complete.
      </p>
      <div class="grammar-columns">
        <GrammarForm at={isShown ? point?.at : undefined} />
        <div class="grammar-live">
          {point === undefined || !grammar.on ? (
            <p class="empty">
              {grammar.on
                ? 'What may come first appears here when the grammar can be read.'
                : 'Choose JSON Schema, Pattern or GBNF, then generate: the place of the text in the grammar, the tokens that fit and the value so far appear here.'}
            </p>
          ) : (
            <Expected
              title={titleOf(followed)}
              point={point}
              kind={(followed?.settings ?? settings.value).grammar.kind}
            />
          )}
          {followed !== undefined && (
            <Document
              text={textOf(followed)}
              isJson={followed.settings.grammar.kind === 'schema'}
              running={followed.status === 'running'}
            />
          )}
        </div>
      </div>
      {followed !== undefined && <Summary run={followed} />}
      {followed !== undefined && <MaskStrip run={followed} />}
    </>
  );
}

function titleOf(followed: RunState | undefined): string {
  if (followed === undefined) return 'Expected first';
  if (pinned.value && selected.value !== undefined) return `Expected at token ${selected.value + 1}`;
  return followed.status === 'running' ? 'Expected now' : 'Expected next';
}

/** Before the chosen token; otherwise after the last one. */
function pointOf({ tokens }: RunState): GrammarPoint | undefined {
  const chosen = pinned.value && selected.value !== undefined ? tokens[selected.value] : undefined;
  return chosen === undefined ? tokens.at(-1)?.grammar?.after : chosen.grammar?.before;
}

function textOf({ tokens, end }: RunState): string {
  const shown = pinned.value && selected.value !== undefined ? tokens.slice(0, selected.value) : tokens;
  return shown.length === tokens.length && end !== undefined ? end.text : shown.map(({ piece }) => piece).join('');
}

function Summary({ run: { tokens, status } }: { run: RunState }) {
  const counts = tokens.map(({ grammar }) => grammar?.before.allowed ?? 0);
  const forced = counts.filter((count) => count === 1).length;
  const free = counts.filter((count) => count !== 1).sort((a, b) => a - b);
  const complete = tokens.at(-1)?.grammar?.after.complete === true;
  return (
    <p class="verdict grammar-verdict">
      <b>{forced}</b> of {tokens.length} tokens were forced ({percent(forced / tokens.length)}).
      {free.length > 0 && (
        <>
          {' '}
          Where there was a choice, half of the time at most{' '}
          <b>{free[Math.floor((free.length - 1) / 2)]!.toLocaleString('en')}</b> tokens fitted.
        </>
      )}{' '}
      <span role="status">
        {status === 'running'
          ? ''
          : complete
            ? 'The text is complete.'
            : 'The text is not complete: more tokens are needed.'}
      </span>
    </p>
  );
}
