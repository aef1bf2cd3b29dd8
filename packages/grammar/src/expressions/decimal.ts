/** An exact decimal number: digits / 10^scale. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** The number as JSON writes it. */
export function decimal(value: number): Decimal {
  const [mantissa, exponent = '0'] = String(value).toLowerCase().split('e') as [string, string?];
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?];
  let digits = BigInt(whole + fraction);
  let scale = fraction.length - Number(exponent);
  if (scale < 0) {
    digits *= 10n ** BigInt(-scale);
    scale = 0;
  }
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n;
    scale--;
  }
  return { digits, scale };
}

/**
 * The number as a bound: exact where JSON's digits are rounded, so that no text beyond the bound is inside.
 */
export function exactDecimal(value: number): Decimal {
  return Number.isInteger(value) ? { digits: BigInt(value), scale: 0 } : decimal(value);
}

export function compare(a: Decimal, b: Decimal): number {
  const left = a.digits * 10n ** BigInt(b.scale);
  const right = b.digits * 10n ** BigInt(a.scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

export function negative(a: Decimal): Decimal {
  return { digits: -a.digits, scale: a.scale };
}

/** The digits before and after the point of a number that is not negative, without zeros at the end. */
export function split({ digits, scale }: Decimal): { readonly whole: string; readonly fraction: string } {
  const text = String(digits).padStart(scale + 1, '0');
  return { whole: text.slice(0, text.length - scale), fraction: text.slice(text.length - scale) };
}
