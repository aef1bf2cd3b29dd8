/** From 0 for a sure token to 1 for one of probability 1/1000 or less: even steps of surprise, not of probability. */
export function surprise(probability: number): number {
  if (!(probability > 0)) return 1;
  return Math.min(1, Math.max(0, -Math.log10(probability) / 3));
}

/** The same for a rank: 0 for the first choice, 1 from the hundredth on. */
export function rankHeat(rank: number): number {
  return Math.min(1, Math.max(0, Math.log10(Math.max(1, rank)) / 2));
}

/** The same for an entropy in nats: 1 from 5 on, which is like 150 equal choices. */
export function entropyHeat(nats: number): number {
  return Math.min(1, Math.max(0, nats / 5));
}

/** 12.3%, 0.04%, <0.01%. */
export function percent(probability: number): string {
  if (!Number.isFinite(probability)) return '–';
  const value = probability * 100;
  if (value >= 99.95) return '100%';
  if (value >= 10) return `${value.toFixed(1)}%`;
  if (value >= 0.1) return `${value.toFixed(1)}%`;
  if (value >= 0.01) return `${value.toFixed(2)}%`;
  return value === 0 ? '0%' : '<0.01%';
}

/** 1.2 kB, 34 MB. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const unit = count < 1e6 ? 1e3 : count < 1e9 ? 1e6 : 1e9;
  const value = count / unit;
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${unit === 1e3 ? 'kB' : unit === 1e6 ? 'MB' : 'GB'}`;
}

/** 1st, 2nd, 3rd, 11th. */
export function ordinal(rank: number): string {
  const tens = rank % 100;
  const ending = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][rank % 10] ?? 'th');
  return `${rank.toLocaleString('en')}${ending}`;
}

/** A token in a form in which its spaces show. */
export function visible(text: string): string {
  return text.replaceAll('\n', '⏎').replaceAll('\t', '⇥').replaceAll(' ', '␣');
}
