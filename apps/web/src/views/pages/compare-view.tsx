import { useSignal } from '@preact/signals';
import { percent, visible } from '../../charts/scales.ts';
import type { Comparison, TokenReport } from '../../protocol.ts';
import { compare } from '../../state/actions.ts';
import { change, comparison, reports, settings, usable } from '../../state/store.ts';
import { ChainEditor } from '../forms/chain-editor.tsx';
import { TokenText } from '../run/token-text.tsx';

/** The sampler chain and a second one on the same seed. */
export function CompareView() {
  const { value } = comparison;
  return (
    <>
      <p class="help">
        Both chains get the same prompt and the same random numbers, so any difference between the texts comes from the
        chains.
      </p>
      <div class="compare-editor">
        <ChainEditor
          label="Second chain"
          chain={settings.value.other}
          report={reports.value?.other}
          onChange={(other) => change({ other })}
        />
        <button
          type="button"
          class="primary"
          disabled={!usable.value || value?.status === 'running'}
          onClick={() => void compare()}
        >
          {value?.status === 'running' ? 'Comparing …' : 'Compare'}
        </button>
      </div>
      {value?.status === 'failed' && (
        <p class="problem" role="alert">
          {value.failure.message}
        </p>
      )}
      {value?.status === 'done' && <Result result={value.result} />}
    </>
  );
}

function Result({ result }: { result: Comparison }) {
  const { first, second, parting, differences } = result;
  const chosen = useSignal<number | undefined>(parting);
  const texts = new Map(Object.entries(result.texts).map(([id, text]) => [Number(id), text]));
  const at = chosen.value;
  return (
    <>
      <p class="verdict" role="status">
        {parting === undefined ? (
          <span>Both wrote the same {first.length} tokens.</span>
        ) : (
          <span>
            The texts part at token <b>{parting + 1}</b>.
          </span>
        )}
      </p>
      <div class="sides">
        {[first, second].map((tokens, side) => (
          <div key={side}>
            <h3>{side === 0 ? 'Sampler chain' : 'Second chain'}</h3>
            <TokenText
              id={`side-${side}`}
              label={side === 0 ? 'Text of the first chain' : 'Text of the second chain'}
              prompt={settings.value.prompt}
              tokens={tokens}
              texts={texts}
              selected={at}
              parting={parting}
              onSelect={(index) => (chosen.value = index)}
            />
            {at !== undefined && tokens[at] !== undefined && <Left token={tokens[at]} texts={texts} />}
          </div>
        ))}
      </div>
      <h3>Differences between the chains</h3>
      <pre class="differences">
        {differences.split('\n').map((line, index) => (
          <span key={index} class={{ '+': 'added', '-': 'taken', '~': 'changed' }[line[0] ?? ''] ?? ''}>
            {line}
            {'\n'}
          </span>
        ))}
      </pre>
    </>
  );
}

/** The candidates that a chain left at one token; when it left a single one, those that it chose from. */
function Left({ token, texts }: { token: TokenReport; texts: ReadonlyMap<number, string> }) {
  const { distributions } = token;
  const choices = distributions.findLastIndex(({ candidates }) => candidates > 1);
  const stage = choices < 0 ? distributions.length - 1 : choices;
  const top = token.candidates
    .map(({ id, probabilities }) => ({ id, probability: probabilities[stage] ?? 0 }))
    .filter(({ probability }) => probability > 0)
    .sort((a, b) => b.probability - a.probability)
    .slice(0, 5);
  const largest = Math.max(1e-9, ...top.map(({ probability }) => probability));
  return (
    <table class="stages left">
      <caption>
        {stage === 0 ? 'The model’s own choices' : `Left after ${distributions[stage]!.name}`}
        {stage < distributions.length - 1 && `, before ${distributions[stage + 1]!.name}`}
      </caption>
      <tbody>
        {top.map(({ id, probability }) => (
          <tr key={id} class={id === token.id ? 'chosen' : undefined}>
            <th scope="row" class="quoted">
              {visible(texts.get(id) ?? `#${id}`)}
            </th>
            <td>
              <span class="cell">
                <span class="bar" style={`width:${((probability / largest) * 100).toFixed(1)}%`} />
                <span class="number">{percent(probability)}</span>
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
