import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { add, type Chain, move, remove, setParameter, stageKeys, toggle } from '../../chain/edit.ts';
import { stageGroups, stageSpec, stageSpecs } from '../../chain/stages.ts';
import type { ChainReport } from '../../protocol.ts';
import type { Stage } from '../../settings.ts';
import { loaded } from '../../state/store.ts';
import { tab } from '../../state/tab.ts';
import { CrossIcon, GripIcon, MoreIcon } from '../parts/icons.tsx';
import { ParameterInput } from './parameter-input.tsx';

interface ChainEditorProps {
  readonly label: string;
  /** Undefined while the checkpoint that decides it is loading. */
  readonly chain: Chain | undefined;
  readonly report: ChainReport | undefined;
  onChange(chain: Chain): void;
}

/** A chain as a list. Stages are reordered by dragging a handle, or with its arrow keys. */
export function ChainEditor({ label, chain: given, report, onChange }: ChainEditorProps) {
  const chain = given ?? [];
  const list = useRef<HTMLOListElement>(null);
  const said = useRef<HTMLParagraphElement>(null);
  const keys = stageKeys(chain);
  const moveBy = (place: number, by: number): void => {
    const to = Math.max(0, Math.min(chain.length - 1, place + by));
    onChange(move(chain, place, to));
    said.current!.textContent = `${chain[place]!.name} is now number ${to + 1} of ${chain.length}.`;
    focusHandle(list, to);
  };
  return (
    <>
      {chain.length === 0 && (
        <p class="empty">
          {given === undefined
            ? 'The chain of the checkpoint.'
            : "Empty: tokens are sampled from the model's own distribution."}
        </p>
      )}
      <ol class="chain" ref={list} aria-label={label}>
        {chain.map((stage, place) => (
          <StageRow
            key={keys[place]}
            stage={stage}
            place={place}
            last={chain.length - 1}
            report={report}
            onMove={(by) => moveBy(place, by)}
            onDrag={(event) => drag(event, list, place, chain, onChange)}
            onToggle={() => onChange(toggle(chain, place))}
            onRemove={() => onChange(remove(chain, place))}
            onParameter={(name, value) => onChange(setParameter(chain, place, name, value))}
          />
        ))}
      </ol>
      <p ref={said} class="hidden" role="status" />
      <div class="chain-actions">
        <select
          aria-label={`Add a sampler to: ${label}`}
          value=""
          onChange={(event) => {
            onChange(add(chain, event.currentTarget.value));
            event.currentTarget.value = '';
          }}
        >
          <option value="" disabled>
            + Add a sampler
          </option>
          {stageGroups.map((group) => (
            <optgroup key={group} label={group}>
              {stageSpecs
                .filter((spec) => spec.group === group)
                .map(({ name, help }) => (
                  <option key={name} value={name} title={help}>
                    {name}
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
        <select
          aria-label={`Preset for: ${label}`}
          value=""
          onChange={(event) => {
            const preset = presets().find(({ name }) => name === event.currentTarget.value);
            if (preset !== undefined) onChange(preset.chain);
            event.currentTarget.value = '';
          }}
        >
          <option value="" disabled>
            Presets
          </option>
          {presets().map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
    </>
  );
}

function presets() {
  return loaded.value?.presets ?? [];
}

interface StageRowProps {
  readonly stage: Stage;
  readonly place: number;
  readonly last: number;
  readonly report: ChainReport | undefined;
  onMove(by: number): void;
  onDrag(event: PointerEvent): void;
  onToggle(): void;
  onRemove(): void;
  onParameter(name: string, value: Stage['parameters'][string] | undefined): void;
}

function StageRow({ stage, place, last, report, onMove, onDrag, onToggle, onRemove, onParameter }: StageRowProps) {
  const { name, on, parameters } = stage;
  const spec = stageSpec(name);
  const more = useSignal(false);
  const specs = spec?.parameters ?? [];
  const rare = specs.filter((parameter) => parameter.rare);
  const shown = specs.filter((parameter) => more.value || !parameter.rare || parameter.name in parameters);
  const notes = [...(report?.problems ?? []), ...(report?.warnings ?? [])].filter((note) => note.stage === place);
  const problem = report?.problems.some((note) => note.stage === place) === true;
  return (
    <li class={`stage${on ? '' : ' off'}`} data-place={place}>
      <div class="stage-head">
        <button
          type="button"
          class="handle"
          aria-label={`Move ${name}, number ${place + 1} of ${last + 1}. Use the arrow keys.`}
          title="Drag, or use the arrow keys"
          onPointerDown={onDrag}
          onKeyDown={(event) => {
            const by = { ArrowUp: -1, ArrowDown: 1, Home: -last, End: last }[event.key];
            if (by === undefined) return;
            event.preventDefault();
            onMove(by);
          }}
        >
          <GripIcon />
        </button>
        <label class="stage-title" title={spec?.help}>
          <input type="checkbox" checked={on} onChange={onToggle} aria-label={`${name} is on`} />
          {name}
        </label>
        {rare.length > 0 && (
          <button
            type="button"
            class="icon small"
            aria-label={`More parameters of ${name}`}
            aria-expanded={more.value}
            title="More parameters"
            onClick={() => {
              more.value = !more.value;
            }}
          >
            <MoreIcon />
          </button>
        )}
        <button type="button" class="icon small" aria-label={`Remove ${name}`} title="Remove" onClick={onRemove}>
          <CrossIcon />
        </button>
      </div>
      {name === 'custom' && (
        <button
          type="button"
          class="plain edit"
          onClick={() => {
            tab.value = 'sampler';
          }}
        >
          Edit its code
        </button>
      )}
      {shown.length > 0 && (
        <div class="stage-parameters">
          {shown.map((parameter) => (
            <ParameterInput
              key={parameter.name}
              owner={name}
              spec={parameter}
              value={parameters[parameter.name] ?? parameter.usual}
              onChange={(value) => onParameter(parameter.name, value)}
            />
          ))}
        </div>
      )}
      {notes.length > 0 && (
        <div class={problem ? 'notes problem' : 'notes'} role={problem ? 'alert' : undefined}>
          {notes.map(({ message }) => (
            <p key={message}>{message}</p>
          ))}
        </div>
      )}
    </li>
  );
}

/** Move a stage while its handle is dragged: it takes the place of the stage under the pointer. */
function drag(
  event: PointerEvent,
  list: { readonly current: HTMLOListElement | null },
  from: number,
  chain: Chain,
  onChange: (chain: Chain) => void,
): void {
  if (event.button !== 0) return;
  event.preventDefault();
  (event.currentTarget as HTMLElement).focus();
  let place = from;
  let now = chain;
  const follow = ({ clientY }: PointerEvent): void => {
    const rows = [...(list.current?.children ?? [])];
    const to = rows.findIndex((row, index) => {
      const { top, bottom, height } = row.getBoundingClientRect();
      // Only past the middle, so that rows of different heights do not swap back and forth.
      if (index === place || clientY < top || clientY > bottom) return false;
      return index < place ? clientY < top + height / 2 : clientY > top + height / 2;
    });
    if (to < 0) return;
    now = move(now, place, to);
    place = to;
    onChange(now);
  };
  const end = (): void => {
    removeEventListener('pointermove', follow);
    removeEventListener('pointerup', end);
    removeEventListener('pointercancel', end);
    document.body.classList.remove('dragging');
  };
  document.body.classList.add('dragging');
  addEventListener('pointermove', follow);
  addEventListener('pointerup', end);
  addEventListener('pointercancel', end);
}

/** After a move with the keyboard, the handle keeps the focus. */
function focusHandle(list: { readonly current: HTMLOListElement | null }, place: number): void {
  requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-place="${place}"] .handle`)?.focus());
}
