/** Characters that no font shows. */
const shown: Readonly<Record<number, string>> = { 9: '⇥', 10: '⏎', 13: '␍', 32: '␣' };

/** The bytes that may follow, as a person reads them: 'a–z', '"', '␣', and 'beyond ASCII' for parts of other characters. */
export function characterRanges(bytes: readonly number[]): string[] {
  const ranges: string[] = [];
  const plain = bytes.filter((byte) => byte > 32 && byte < 127);
  for (let at = 0; at < plain.length; ) {
    let end = at;
    while (
      end + 1 < plain.length &&
      plain[end + 1] === plain[end]! + 1 &&
      kindOf(plain[end + 1]!) === kindOf(plain[at]!)
    )
      end++;
    const [first, last] = [String.fromCharCode(plain[at]!), String.fromCharCode(plain[end]!)];
    if (end - at < 2) for (let i = at; i <= end; i++) ranges.push(String.fromCharCode(plain[i]!));
    else
      ranges.push(
        kindOf(plain[at]!) === 'sign'
          ? plain
              .slice(at, end + 1)
              .map((byte) => String.fromCharCode(byte))
              .join('')
          : `${first}–${last}`,
      );
    at = end + 1;
  }
  const spaces = bytes.filter((byte) => shown[byte] !== undefined).map((byte) => shown[byte]!);
  const others = bytes.some((byte) => byte > 127) ? ['beyond ASCII'] : [];
  return [...ranges, ...spaces, ...others];
}

function kindOf(byte: number): 'digit' | 'upper' | 'lower' | 'sign' {
  if (byte >= 48 && byte <= 57) return 'digit';
  if (byte >= 65 && byte <= 90) return 'upper';
  return byte >= 97 && byte <= 122 ? 'lower' : 'sign';
}
