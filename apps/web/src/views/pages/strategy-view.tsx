import { run } from '../../state/store.ts';
import { BeamTreeView } from '../run/beam-tree-view.tsx';
import { DraftView } from '../run/draft-view.tsx';
import { ContrastView } from './contrast-view.tsx';

/** The visualization of the run's strategy. */
export function StrategyView() {
  const { value } = run;
  const kind = value?.settings.decoding.kind ?? 'sampling';
  if (value === undefined || kind === 'sampling')
    return (
      <p class="empty">
        Plain sampling has no visualization of its own. Choose <b>Beams</b>, <b>Contrast</b> or <b>Speculative</b> under
        Decoding, and generate.
      </p>
    );
  if (kind === 'beams') return <BeamTreeView run={value} />;
  return kind === 'contrast' ? <ContrastView run={value} /> : <DraftView run={value} />;
}
