/** One line of JSON; numbers that JSON lacks become texts ('-Infinity'). */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'number' && !Number.isFinite(part) ? String(part) : part,
  )}\n`;
}
