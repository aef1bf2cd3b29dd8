/** The smallest round number that is not below the value; at least `least`. */
export function niceTop(value: number, least = 1e-9): number {
  const wanted = Math.max(value, least);
  const unit = 10 ** Math.floor(Math.log10(wanted));
  return unit * [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * unit >= wanted * (1 - 1e-12))!;
}
