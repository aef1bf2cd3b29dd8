import { misuse } from './failure.ts';

/** The text that a command works on: its argument, or standard input. */
export async function readText(operand: string | undefined, what: string): Promise<string> {
  const text = operand === undefined || operand === '-' ? await fromStdin(what) : operand;
  if (text === '') throw misuse(`The ${what} is empty. Give some text, such as "Once upon a time".`);
  return text;
}

async function fromStdin(what: string): Promise<string> {
  if (process.stdin.isTTY) throw misuse(`There is no ${what}. Give it in quotes, or on standard input.`);
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  // `echo` and editors end a text with a line break that is not part of it.
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
