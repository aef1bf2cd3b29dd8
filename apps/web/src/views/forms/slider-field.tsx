interface SliderFieldProps {
  readonly label: string;
  /** For screen readers, when the page has the label more than once. */
  readonly name?: string;
  readonly help?: string;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly value: number;
  onChange(value: number): void;
}

/** A number as a slider and as text. The text may be outside the range of the slider. */
export function SliderField({ label, name = label, help, from, to, step, value, onChange }: SliderFieldProps) {
  const change = (given: number): void => {
    if (Number.isFinite(given)) onChange(given);
  };
  return (
    <label class="field slider" title={help}>
      <span>{label}</span>
      <input
        type="range"
        min={from}
        max={to}
        step={step}
        value={value}
        aria-label={`${name}, slider`}
        onInput={(event) => change(event.currentTarget.valueAsNumber)}
      />
      <input
        type="number"
        step={step}
        value={value}
        aria-label={name}
        onInput={(event) => change(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}
