import type { Json } from '@tokenwright/core';
import type { ParameterSpec } from '../../chain/stages.ts';
import { SliderField } from './slider-field.tsx';

interface ParameterInputProps {
  /** The sampler, for screen readers. */
  readonly owner: string;
  readonly spec: ParameterSpec;
  readonly value: Json;
  onChange(value: Json): void;
}

/** A parameter of a sampler, with the control that suits it. */
export function ParameterInput({ owner, spec, value, onChange }: ParameterInputProps) {
  const name = `${owner}: ${spec.label}`;
  if (spec.kind === 'toggle')
    return (
      <label class="check">
        <input
          type="checkbox"
          checked={value === true}
          aria-label={name}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        {spec.label}
      </label>
    );
  if (spec.kind === 'choice')
    return (
      <label class="field">
        <span>{spec.label}</span>
        <select value={String(value)} aria-label={name} onChange={(event) => onChange(event.currentTarget.value)}>
          {spec.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      </label>
    );
  if (spec.kind === 'text')
    return (
      <label class="field wide">
        <span>{spec.label}</span>
        <input
          type="text"
          value={String(value)}
          aria-label={name}
          spellcheck={false}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      </label>
    );
  if (spec.kind === 'json')
    return (
      <label class="field wide">
        <span>{spec.label}</span>
        <input
          type="text"
          value={JSON.stringify(value)}
          aria-label={`${name}, as JSON`}
          spellcheck={false}
          onChange={(event) => onChange(parsed(event.currentTarget.value))}
        />
      </label>
    );
  const { label, from, to, step, initial } = spec;
  const number = typeof value === 'number' ? value : initial;
  return <SliderField label={label} name={name} from={from} to={to} step={step} value={number} onChange={onChange} />;
}

/** What is no JSON stays a text; the sampler says what it wants instead. */
function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
