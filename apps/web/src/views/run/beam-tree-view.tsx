import { beamTree, type TreeNode } from '../../charts/beam-tree.ts';
import { visible } from '../../charts/scales.ts';
import type { RunState } from '../../state/store.ts';
import { Scroll } from '../parts/scroll.tsx';

const column = 78;
const row = 30;
const margin = 14;

/** Every hypothesis of a beam search that survived a step. The returned one is highlighted. */
export function BeamTreeView({ run }: { run: RunState }) {
  const steps = run.steps.filter((step) => step.kind === 'beams');
  if (steps.length === 0) return <p class="empty">The tree grows with the first step.</p>;
  const best = run.end === undefined ? [] : run.tokens.map(({ id }) => id);
  const { nodes, tracks, depth } = beamTree(steps, best);
  const width = depth * column + 2 * margin;
  const height = tracks * row + 2 * margin;
  const last = steps.at(-1)!;
  const score = run.end?.score;
  return (
    <>
      <p class="verdict">
        {steps.length} steps, {nodes.length} continuations followed, {last.live.length} live
        {score !== undefined && (
          <span>
            ; the best ends with a score of <b>{score.toFixed(3)}</b>
          </span>
        )}
        .
      </p>
      <Scroll label="Beam tree">
        <svg
          class="tree"
          width={width}
          height={height}
          role="img"
          aria-label={`Beam tree of ${nodes.length} tokens in ${tracks} tracks`}
        >
          {nodes.map((node) => (
            <path key={node.key} class={`edge ${node.state}`} d={edge(node)} />
          ))}
          {nodes.map((node) => (
            <g
              key={node.key}
              class={`node ${node.state}${node.finished ? ' finished' : ''}`}
              transform={`translate(${x(node)} ${y(node)})`}
            >
              <title>{`${visible(run.texts.get(node.id) ?? '')}  sum of log-probabilities ${node.score.toFixed(3)}`}</title>
              <rect x="0" y="-10" width={column - 14} height="20" rx="5" />
              <text x={(column - 14) / 2} y="4">
                {shortened(visible(run.texts.get(node.id) ?? `#${node.id}`))}
              </text>
            </g>
          ))}
        </svg>
      </Scroll>
      <ul class="keys">
        <li class="key-best">returned</li>
        <li class="key-live">live at the last step</li>
        <li class="key-ended">dropped</li>
      </ul>
    </>
  );
}

const x = ({ depth }: TreeNode): number => margin + depth * column;
const y = ({ track }: TreeNode): number => margin + row / 2 + track * row;

function edge(node: TreeNode): string {
  if (node.parent === undefined) return '';
  const [x0, y0, x1, y1] = [x(node.parent) + column - 14, y(node.parent), x(node), y(node)];
  const middle = (x0 + x1) / 2;
  return `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`;
}

function shortened(text: string): string {
  return text.length > 8 ? `${text.slice(0, 7)}…` : text;
}
