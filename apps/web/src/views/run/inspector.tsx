import { type Cell, inspection } from '../../charts/inspection.ts';
import { ordinal, percent, visible } from '../../charts/scales.ts';
import type { Distribution } from '../../protocol.ts';
import { run, selected, selectedToken } from '../../state/store.ts';
import { Scroll } from '../parts/scroll.tsx';

/** One token: its candidates before and after each sampler. */
export function Inspector() {
  const token = selectedToken.value;
  const texts = run.value?.texts ?? new Map<number, string>();
  if (token === undefined)
    return <p class="empty">Choose a token of the text to see the candidates before and after each sampler.</p>;
  const { rows, columns, largest } = inspection(token);
  const label = (id: number): string => visible(texts.get(id) ?? `#${id}`);
  const last = columns.at(-1)!;
  return (
    <>
      <p class="verdict">
        Token {selected.value! + 1}: <b class="quoted">{label(token.id)}</b>{' '}
        <span>
          the model's <b>{ordinal(token.rank)}</b> choice, with <b>{percent(Math.exp(token.logprob))}</b>
        </span>
        {columns.length > 1 && (
          <span>
            ; <b>{percent(token.probability)}</b> after the chain left {last.candidates.toLocaleString('en')}{' '}
            {last.candidates === 1 ? 'token' : 'tokens'}
          </span>
        )}
      </p>
      <Scroll label="Candidates by stage">
        <table class="stages">
          <thead>
            <tr>
              <th scope="col">Candidate</th>
              {columns.map((column, index) => (
                <th key={index} scope="col">
                  <span class="stage-name">{column.name}</span>
                  <span class="stage-parameter">{mainParameter(column)}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ id, cells }) => (
              <tr key={id} class={id === token.id ? 'chosen' : undefined}>
                <th scope="row">
                  <span class="quoted">{label(id)}</span>
                  {id === token.id && <span class="hidden"> (sampled)</span>}
                </th>
                {cells.map((cell, index) => (
                  <td key={index}>
                    <CellView cell={cell} largest={largest} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">left</th>
              {columns.map(({ candidates }, index) => (
                <td key={index}>{candidates.toLocaleString('en')}</td>
              ))}
            </tr>
            <tr>
              <th scope="row">mass removed</th>
              {columns.map(({ removedCount, removedMass }, index) => (
                <td key={index}>{removedCount === 0 ? '–' : percent(removedMass)}</td>
              ))}
            </tr>
            <tr>
              <th scope="row">entropy</th>
              {columns.map(({ entropy }, index) => (
                <td key={index}>{Math.abs(entropy).toFixed(2)}</td>
              ))}
            </tr>
          </tfoot>
        </table>
      </Scroll>
    </>
  );
}

function CellView({ cell, largest }: { cell: Cell; largest: number }) {
  if (cell.kind === 'gone') return <span class="gone">·</span>;
  if (cell.kind === 'removed')
    return (
      <span class="removed" title="How far its logit was below the smallest that was kept">
        removed<i> by {cell.margin.toFixed(2)}</i>
      </span>
    );
  return (
    <span class="cell">
      <span class="bar" style={`width:${((cell.probability / largest) * 100).toFixed(1)}%`} />
      <span class="number">{percent(cell.probability)}</span>
    </span>
  );
}

/** The first parameter of a stage is its main one. */
function mainParameter({ parameters }: Distribution): string {
  const [first] = typeof parameters === 'object' && parameters !== null ? Object.entries(parameters) : [];
  if (first === undefined || typeof first[1] === 'object') return '';
  return `${first[0]} ${String(first[1])}`;
}
