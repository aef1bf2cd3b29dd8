import { useLayoutEffect, useRef } from 'preact/hooks';
import { visible } from '../../charts/scales.ts';
import { type PartialEntry, type PartialJson, partialJson } from '../../grammar/partial-json.ts';
import type { GrammarPoint, TokenReport } from '../../protocol.ts';
import type { GrammarKind } from '../../settings.ts';
import { loaded, pinned, type RunState, selected } from '../../state/store.ts';

interface ExpectedProps {
  readonly title: string;
  readonly point: GrammarPoint;
  readonly kind: GrammarKind;
}

/** Where a text is in its grammar, and what may follow. */
export function Expected({ title, point, kind }: ExpectedProps) {
  const { allowed, complete, characters, forced } = point;
  const all = loaded.value?.model.vocabSize ?? 1;
  const isDone = complete && characters.length === 0;
  return (
    <section class="expected" aria-label="What may follow">
      <h3>{title}</h3>
      <p class="expected-place">
        {isDone ? <span>the end</span> : <Place at={point.at} kind={kind} />}
        {complete && <span class="badge good">{isDone ? 'complete' : 'may end here'}</span>}
        {allowed === 1 && !isDone && <span class="badge forced-badge">one way on</span>}
      </p>
      <p class="expected-count">
        <span>
          <b class="number">{allowed.toLocaleString('en')}</b> of {all.toLocaleString('en')} tokens{' '}
          {allowed === 1 ? 'fits' : 'fit'}
          {isDone && ', the end token'}
        </span>
        <span class="mask-meter" aria-hidden="true">
          <i style={`width:${(share(allowed, all) * 100).toFixed(1)}%`} />
        </span>
      </p>
      {forced.length > 1 ? (
        <p class="expected-text">
          must continue <code>{visible(forced)}</code>
        </p>
      ) : (
        <ul class="characters" aria-label="Characters that may follow">
          {characters.slice(0, 14).map((range) => (
            <li key={range}>{range}</li>
          ))}
          {characters.length > 14 && <li class="rest">{characters.length - 14} more</li>}
        </ul>
      )}
    </section>
  );
}

/** A JSON pointer or a rule. A pattern has no parts with names. */
function Place({ at, kind }: { at: string; kind: GrammarKind }) {
  if (kind === 'regex') return <span>the pattern</span>;
  if (at !== '#') return <code class="pointer">{at}</code>;
  return (
    <>
      <code class="pointer">{kind === 'gbnf' ? 'root' : '#'}</code>
      {kind === 'schema' && <span class="place-note">the document, between its values</span>}
    </>
  );
}

/** A number of tokens on a scale of orders of magnitude: 0 for one, 1 for all. */
function share(allowed: number, all: number): number {
  return allowed <= 1 ? 0 : Math.log(allowed) / Math.log(Math.max(2, all));
}

/** The text so far: JSON as a tree of values, anything else as it is. */
export function Document({ text, isJson, running }: { text: string; isJson: boolean; running: boolean }) {
  const value = isJson ? partialJson(text) : undefined;
  return (
    <section class="document" aria-label="Text so far">
      <h3>{isJson ? 'Value so far' : 'Text so far'}</h3>
      <pre class="listing" aria-busy={running}>
        {value === undefined ? text : <Value value={value} depth={0} />}
        {running && (value === undefined || value.kind !== 'object') && <i class="caret" aria-hidden="true" />}
      </pre>
    </section>
  );
}

function Value({ value, depth }: { value: PartialJson; depth: number }) {
  if (value.kind === 'object')
    return (
      <Lines begin="{" end="}" open={value.open} depth={depth}>
        {value.entries.map((entry) => (
          <Entry key={entry.name} entry={entry} depth={depth + 1} />
        ))}
      </Lines>
    );
  if (value.kind === 'array')
    return (
      <Lines begin="[" end="]" open={value.open} depth={depth}>
        {value.items.map((item, index) => (
          <Value key={index} value={item} depth={depth + 1} />
        ))}
      </Lines>
    );
  return <span class={`json-${value.kind}${value.open ? ' open' : ''}`}>{value.text}</span>;
}

function Entry({ entry: { name, value }, depth }: { entry: PartialEntry; depth: number }) {
  return (
    <>
      <span class={value === undefined ? 'json-name open' : 'json-name'}>{name}</span>
      {value !== undefined && (
        <>
          {': '}
          <Value value={value} depth={depth} />
        </>
      )}
    </>
  );
}

interface LinesProps {
  readonly begin: string;
  readonly end: string;
  readonly open: boolean;
  readonly depth: number;
  readonly children: readonly preact.JSX.Element[];
}

/** The parts of an object or an array, each on a line. What is open has no end yet. */
function Lines({ begin, end, open, depth, children }: LinesProps) {
  const indent = '  '.repeat(depth + 1);
  return (
    <>
      {begin}
      {children.map((child, index) => (
        <span key={index}>
          {`\n${indent}`}
          {child}
          {index < children.length - 1 && ','}
        </span>
      ))}
      {open ? (
        <span class="json-open">{`\n${indent}…`}</span>
      ) : (
        `${children.length === 0 ? '' : `\n${'  '.repeat(depth)}`}${end}`
      )}
    </>
  );
}

/** For each token, how many tokens fitted; forced ones have another color. The end stays in view while tokens come. */
export function MaskStrip({ run }: { run: RunState }) {
  const list = useRef<HTMLDivElement>(null);
  const all = loaded.value?.model.vocabSize ?? 1;
  const { tokens } = run;
  const follows = run.status === 'running' && !pinned.value;
  useLayoutEffect(() => {
    if (follows) list.current!.scrollLeft = list.current!.scrollWidth;
  }, [follows, tokens.length]);
  const go = (index: number): void => {
    const place = Math.max(0, Math.min(tokens.length - 1, index));
    selected.value = place;
    pinned.value = true;
    list.current?.querySelector(`#mask-${place}`)?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
  };
  return (
    <section class="masks" aria-label="Tokens that fit">
      <h3>Tokens that fit, at each token</h3>
      <div
        ref={list}
        class="scroll mask-strip"
        role="listbox"
        aria-orientation="horizontal"
        tabIndex={0}
        aria-label="Tokens that fit. Choose a token with the arrow keys"
        aria-activedescendant={selected.value === undefined ? undefined : `mask-${selected.value}`}
        onKeyDown={(event) => {
          const at = selected.value ?? -1;
          if (event.key === 'ArrowRight') go(at + 1);
          else if (event.key === 'ArrowLeft') go(at - 1);
          else if (event.key === 'Home') go(0);
          else if (event.key === 'End') go(tokens.length - 1);
          else return;
          event.preventDefault();
        }}
        onClick={(event) => {
          const column = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
          if (column !== null) go(Number(column.dataset.index));
        }}
      >
        {tokens.map((token, index) => (
          <Column key={index} token={token} index={index} text={run.texts.get(token.id) ?? ''} all={all} />
        ))}
      </div>
      <ul class="keys">
        <li class="key-mask">tokens that fit, of {all.toLocaleString('en')}, by orders of magnitude</li>
        <li class="key-forced">forced: one token fitted</li>
      </ul>
    </section>
  );
}

function Column({ token, index, text, all }: { token: TokenReport; index: number; text: string; all: number }) {
  const allowed = token.grammar?.before.allowed ?? 0;
  const isForced = allowed === 1;
  const counted = `${allowed.toLocaleString('en')} ${isForced ? 'token' : 'tokens'}`;
  return (
    <span
      id={`mask-${index}`}
      class={isForced ? 'mask forced' : 'mask'}
      role="option"
      tabIndex={-1}
      data-index={index}
      aria-selected={selected.value === index}
      title={`${visible(text)}  ${isForced ? 'forced' : `${counted} fit`}`}
    >
      <b class="number">{isForced ? '1' : short(allowed)}</b>
      <span class="hidden">
        {isForced ? 'token' : 'tokens'} fitted at {token.grammar?.before.at ?? '#'}
        {isForced && ', forced'}:
      </span>
      <i style={`height:${(Math.max(0.06, share(allowed, all)) * 100).toFixed(1)}%`} />
      <span class="mask-text">{visible(text)}</span>
    </span>
  );
}

/** 950, 3.2k, 128k */
function short(count: number): string {
  if (count < 1000) return String(count);
  return `${count < 10_000 ? (count / 1000).toFixed(1) : Math.round(count / 1000)}k`;
}
