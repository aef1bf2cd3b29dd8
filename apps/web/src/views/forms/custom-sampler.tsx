import { useRef } from 'preact/hooks';
import { add } from '../../chain/edit.ts';
import { codeExamples } from '../../code/code-examples.ts';
import type { Failure } from '../../protocol.ts';
import {
  chain as chainInForce,
  change,
  endlessCode,
  type RunState,
  reports,
  run,
  settings,
} from '../../state/store.ts';

const endless: Failure = {
  name: 'UserCodeTimeout',
  message: 'It did not end within 2 seconds, so it was switched off. Correct it, then switch it on in the chain.',
};

/** What the last run says against this code: an error in it, or a distribution from which nothing can be sampled. */
function failureOf(value: RunState | undefined, code: string): Failure | undefined {
  if (value?.failure === undefined || value.settings.code !== code) return undefined;
  const { name, message } = value.failure;
  if (name === 'UserCodeError') return value.failure;
  const runs = (value.settings.chain ?? []).some((stage) => stage.name === 'custom' && stage.on);
  return runs && (name === 'InvalidLogitsError' || name === 'EmptyDistributionError') ? { name, message } : undefined;
}

/** The editor of the custom sampler, which runs in the worker. */
export function CustomSampler() {
  const gutter = useRef<HTMLPreElement>(null);
  const { code } = settings.value;
  const chain = chainInForce.value ?? [];
  const place = chain.findIndex(({ name }) => name === 'custom');
  const found = reports.value?.chain.problems.find((problem) => problem.stage === place && place >= 0);
  const problem = found ?? failureOf(run.value, code) ?? (endlessCode.value === code ? endless : undefined);
  const lines = code.split('\n');
  return (
    <>
      <div class="sampler-actions">
        <p class="help">
          Runs in the worker for every token. Changes apply immediately. It may use <code>text(id)</code>,{' '}
          <code>forEachCandidate</code>, <code>logSumExp</code> and <code>probabilities</code>.
        </p>
        <select
          aria-label="Examples"
          value=""
          onChange={(event) => {
            change({ code: codeExamples[event.currentTarget.value]! });
            event.currentTarget.value = '';
          }}
        >
          <option value="" disabled>
            Examples
          </option>
          {Object.keys(codeExamples).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        {place < 0 ? (
          <button type="button" class="primary" onClick={() => change({ chain: [add([], 'custom')[0]!, ...chain] })}>
            Add it to the chain
          </button>
        ) : (
          <span class="in-chain">number {place + 1} in the chain</span>
        )}
      </div>
      <div class="editor">
        <pre ref={gutter} class="gutter" aria-hidden="true">
          {lines.map((_, index) => (
            <span key={index} class={problem?.line === index + 1 ? 'wrong' : undefined}>
              {index + 1}
            </span>
          ))}
        </pre>
        <textarea
          class="code"
          aria-label="Code of your sampler"
          aria-invalid={problem !== undefined}
          aria-describedby="code-problem"
          spellcheck={false}
          autocapitalize="off"
          wrap="off"
          rows={Math.max(12, lines.length + 1)}
          value={code}
          onInput={(event) => change({ code: event.currentTarget.value })}
          onScroll={(event) => {
            gutter.current!.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      <p id="code-problem" class={problem === undefined ? 'code-fine' : 'problem'} role="status">
        {problem !== undefined && problem.line !== undefined && <b>Line {problem.line}: </b>}
        {problem?.message ??
          (place < 0 ? 'Not in the chain yet.' : chain[place]!.on ? 'In force.' : 'Switched off in the chain.')}
      </p>
    </>
  );
}
