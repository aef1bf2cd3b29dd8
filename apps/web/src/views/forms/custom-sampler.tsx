import { useRef } from 'preact/hooks';
import { add } from '../../chain/edit.ts';
import { codeExamples } from '../../code/code-examples.ts';
import { chain as chainInForce, change, reports, run, settings } from '../../state/store.ts';

/** The editor of the custom sampler, which runs in the worker. */
export function CustomSampler() {
  const gutter = useRef<HTMLPreElement>(null);
  const { code } = settings.value;
  const chain = chainInForce.value ?? [];
  const place = chain.findIndex(({ name }) => name === 'custom');
  const found = reports.value?.chain.problems.find((problem) => problem.stage === place && place >= 0);
  const failed =
    run.value?.failure?.name === 'UserCodeError' && run.value.settings.code === code ? run.value.failure : undefined;
  const problem = found ?? failed;
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
        {problem?.message ?? (place < 0 ? 'Not in the chain yet.' : 'In force.')}
      </p>
    </>
  );
}
