/** One line of JSON. Numbers that JSON does not have become strings: '-Infinity'. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'number' && !Number.isFinite(part) ? String(part) : part,
  )}\n`;
}
