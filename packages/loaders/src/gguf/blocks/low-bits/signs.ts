/** The signs of eight numbers from seven bits: the eighth makes the number of minus signs even. Bit i is set for a minus. */
export function eightSigns(seven: number): number {
  let ones = 0;
  for (let bits = seven; bits !== 0; bits >>= 1) ones += bits & 1;
  return seven | ((ones & 1) << 7);
}

/** Four bytes as an unsigned number, little-endian. */
export function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
