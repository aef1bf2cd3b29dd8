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

/** '1.23 GB', '45.6 MB', '789 kB', '12 bytes' */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = -1;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${threeDigits(value)} ${units[unit]}`;
}

/** '5.92 million', '1.24 billion', '417 thousand' */
export function countText(count: number): string {
  if (count >= 1e9) return `${threeDigits(count / 1e9)} billion`;
  if (count >= 1e6) return `${threeDigits(count / 1e6)} million`;
  return count >= 1e4 ? `${threeDigits(count / 1e3)} thousand` : `${count}`;
}

function threeDigits(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}
