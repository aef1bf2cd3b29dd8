import type { Json } from '@tokenwright/core';
import type { ParameterSpec } from '../../options/parameters.ts';
import { SliderField } from './slider-field.tsx';

interface ParameterInputProps {
  /** The sampler or strategy, for screen readers. */
  readonly owner: string;
  readonly spec: ParameterSpec;
  /** Undefined for an option without a value. */
  readonly value: Json | undefined;
  /** `undefined` removes the value. */
  onChange(value: Json | undefined): void;
}

/** The control of one option. */
export function ParameterInput({ owner, spec, value, onChange }: ParameterInputProps) {
  const name = `${owner}: ${spec.label}`;
  if (spec.kind === 'toggle')
    return (
      <label class="check" title={spec.help}>
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
      <label class="field" title={spec.help}>
        <span>{spec.label}</span>
        <select
          value={String(value)}
          aria-label={name}
          onChange={(event) => onChange(spec.choices[event.currentTarget.selectedIndex])}
        >
          {spec.choices.map((choice) => (
            <option key={String(choice)}>{String(choice)}</option>
          ))}
        </select>
      </label>
    );
  if (spec.kind === 'text')
    return (
      <label class="field wide" title={spec.help}>
        <span>{spec.label}</span>
        <input
          type="text"
          value={String(value ?? '')}
          aria-label={name}
          spellcheck={false}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      </label>
    );
  if (spec.kind === 'json')
    return (
      <label class="field wide" title={spec.help}>
        <span>{spec.label}</span>
        <input
          type="text"
          value={shown(value)}
          aria-label={`${name}, as JSON`}
          spellcheck={false}
          onChange={(event) => onChange(parsed(event.currentTarget.value))}
        />
      </label>
    );
  const { label, help, from, to, step, initial } = spec;
  const number = Number(typeof value === 'number' ? value : initial);
  return (
    <SliderField
      label={label}
      name={name}
      help={help}
      from={from}
      to={to}
      step={step}
      value={number}
      onChange={onChange}
    />
  );
}

/** Text is shown without quotation marks, unless it would be read as another value. */
function shown(value: Json | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' && parsed(value) === value ? value : JSON.stringify(value);
}

/** Text that is not JSON stays text; the error of the sampler says what is allowed. */
function parsed(text: string): Json | undefined {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
