interface SliderFieldProps {
  readonly label: string;
  /** For screen readers, where the label alone would be said twice on the page. */
  readonly name?: string;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly value: number;
  onChange(value: number): void;
}

/** A number by a slider, or written beside it; what is written may lie outside the slider. */
export function SliderField({ label, name = label, from, to, step, value, onChange }: SliderFieldProps) {
  const change = (given: number): void => {
    if (Number.isFinite(given)) onChange(given);
  };
  return (
    <label class="field slider">
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
