import { useRef } from 'preact/hooks';
import { entropyHeat, ordinal, percent, rankHeat, surprise, visible } from '../../charts/scales.ts';
import type { TokenReport } from '../../protocol.ts';
import { memo } from '../parts/memo.ts';

export type Coloring = 'probability' | 'rank' | 'entropy';

interface TokenTextProps {
  readonly label: string;
  readonly prompt: string;
  readonly tokens: readonly TokenReport[];
  readonly texts: ReadonlyMap<number, string>;
  readonly selected: number | undefined;
  readonly coloring?: Coloring;
  /** The first token that differs from the other text. */
  readonly parting?: number | undefined;
  readonly id: string;
  onSelect(index: number): void;
}

/** A generated text whose tokens are selected by a click, or with the arrow keys. */
export function TokenText({
  label,
  prompt,
  tokens,
  texts,
  selected,
  coloring = 'probability',
  parting,
  id,
  onSelect,
}: TokenTextProps) {
  const list = useRef<HTMLDivElement>(null);
  const go = (index: number): void => {
    const place = Math.max(0, Math.min(tokens.length - 1, index));
    onSelect(place);
    list.current?.querySelector(`#${id}-${place}`)?.scrollIntoView?.({ block: 'nearest' });
  };
  return (
    <div
      ref={list}
      class={/ {2}|\t|\n /.test(prompt + tokens.map(({ piece }) => piece).join('')) ? 'text spaced' : 'text'}
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={selected === undefined || tokens.length === 0 ? undefined : `${id}-${selected}`}
      onKeyDown={(event) => {
        const steps: Record<string, number> = { ArrowRight: 1, ArrowDown: 10, ArrowLeft: -1, ArrowUp: -10 };
        const step = steps[event.key];
        const at = selected ?? (step !== undefined && step > 0 ? -1 : 0);
        if (step !== undefined) go(at + step);
        else if (event.key === 'Home') go(0);
        else if (event.key === 'End') go(tokens.length - 1);
        else return;
        event.preventDefault();
      }}
      onClick={(event) => {
        const token = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
        if (token !== null) onSelect(Number(token.dataset.index));
      }}
    >
      <span class="given" role="presentation">
        {prompt}
      </span>
      {tokens.map((token, index) => (
        <Token
          key={index}
          id={`${id}-${index}`}
          index={index}
          token={token}
          text={texts.get(token.id) ?? ''}
          selected={index === selected}
          parting={index === parting}
          heat={heat(token, coloring)}
          forced={token.grammar?.before.allowed === 1}
          beforeLineEnd={tokens[index + 1]?.piece.startsWith('\n') === true}
        />
      ))}
    </div>
  );
}

interface TokenProps {
  readonly id: string;
  readonly index: number;
  readonly token: TokenReport;
  readonly text: string;
  readonly selected: boolean;
  readonly parting: boolean;
  readonly heat: number;
  /** Its grammar left no other token. */
  readonly forced: boolean;
  readonly beforeLineEnd: boolean;
}

const Token = memo(({ id, index, token, text, selected, parting, heat: share, forced, beforeLineEnd }: TokenProps) => (
  <span
    id={id}
    role="option"
    tabIndex={-1}
    data-index={index}
    class={`token${parting ? ' parting' : ''}${forced ? ' forced' : ''}`}
    aria-selected={selected}
    aria-label={`“${text}”, ${percent(token.probability)}, ${ordinal(token.rank)} choice${forced ? ', forced by the grammar' : ''}`}
    title={`${visible(text)}  ${percent(token.probability)}${forced ? ', forced by the grammar' : ''}`}
    style={`--heat:${share.toFixed(3)}`}
  >
    <Piece text={token.piece} before={beforeLineEnd} />
  </span>
));

/** Line ends are visible, so that they can be selected. Consecutive ones break the line once. `before`: another follows. */
function Piece({ text, before }: { text: string; before: boolean }) {
  const parts = text.split(/(\n+)/);
  return (
    <>
      {parts.map((part, index) => {
        if (!part.startsWith('\n')) return part;
        const goesOn = before && index === parts.length - 2 && parts.at(-1) === '';
        return (
          <span key={index} class="line-end" data-marks={'⏎'.repeat(part.length)}>
            {goesOn ? '' : '\n'}
          </span>
        );
      })}
    </>
  );
}

function heat({ probability, rank, distributions }: TokenReport, coloring: Coloring): number {
  if (coloring === 'rank') return rankHeat(rank);
  if (coloring === 'entropy') return entropyHeat(distributions[0]?.entropy ?? 0);
  return surprise(probability);
}
