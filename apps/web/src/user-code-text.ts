/** The code of a custom sampler as the body of a function, with the same line numbers. */
export function prepared(code: string): string {
  return `${code.replace(/^([ \t]*)export\s+default\b/m, '$1return')}\n//# sourceURL=custom-sampler.js`;
}

/** Lines that `new Function` adds before the body. */
const linesBefore = 2;

/** Position of an error in the code, from a stack of V8, SpiderMonkey or JavaScriptCore. */
export function positionIn(stack: string): { readonly line: number; readonly column: number } | undefined {
  const match = /custom-sampler\.js:(\d+):(\d+)|> Function:(\d+):(\d+)|<anonymous>:(\d+):(\d+)/.exec(stack);
  if (match === null) return undefined;
  const [line, column] = match.slice(1).filter((part) => part !== undefined);
  return { line: Math.max(1, Number(line) - linesBefore), column: Number(column) };
}
