/** '38.1 %', '0.02 %', '<0.01 %' */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.01) return '<0.01 %';
  return `${value.toFixed(value < 0.1 && value > 0 ? 2 : 1)} %`;
}

/** '1st', '22nd' */
export function ordinal(place: number): string {
  const teens = place % 100 >= 11 && place % 100 <= 13;
  const ending = teens ? 'th' : (['th', 'st', 'nd', 'rd'][place % 10] ?? 'th');
  return `${place}${ending}`;
}

/** '4,096' */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
