import { readFile, writeFile } from 'node:fs/promises';
import type { Chat, ChatMessage } from '@tokenwright/chat';
import { Failure } from '../cli/failure.ts';
import { wrap } from '../cli/terminal.ts';

/** What a command of a chat may use. */
export interface ChatContext {
  readonly chat: Chat;
  /** Columns of the terminal. */
  readonly width: number;
  /** Change a flag, by the words of a command line. Returns what to show. */
  set(words: readonly string[]): readonly string[];
  /** Lines about the last answer and the cache. */
  statistics(): readonly string[];
}

/** The reply of a command: lines to show, or the end of the chat. */
export type ChatReply = readonly string[] | 'exit';

interface ChatCommand {
  readonly name: string;
  /** What follows it: 'TEXT'. */
  readonly value?: string;
  readonly help: string;
  run(context: ChatContext, value: string): ChatReply | Promise<ChatReply>;
}

const all: readonly ChatCommand[] = [
  { name: 'help', help: 'these commands', run: ({ width }) => helpLines(width) },
  {
    name: 'reset',
    help: 'forget everything but the system message',
    run({ chat }) {
      chat.reset();
      return ['Everything is forgotten.'];
    },
  },
  {
    name: 'undo',
    help: 'take back your last message and its answer',
    run({ chat }) {
      const text = chat.undo();
      return [text === undefined ? 'There is nothing to take back.' : `Taken back: ${text}`];
    },
  },
  {
    name: 'system',
    value: '[TEXT]',
    help: 'set the system message; without a text, show it; - removes it',
    run({ chat }, text) {
      if (text === '') return [chat.system ?? 'There is no system message.'];
      chat.system = text === '-' ? undefined : text;
      return [text === '-' ? 'The system message is removed.' : 'The system message applies from the next answer on.'];
    },
  },
  {
    name: 'set',
    value: '[FLAG [VALUE]]',
    help: 'change a flag: /set temperature 0.5; - as its value removes it; without one, show all',
    run: (context, text) => context.set(text === '' ? [] : text.split(/\s+/)),
  },
  {
    name: 'save',
    value: 'FILE',
    help: 'write the messages to a JSON file',
    async run({ chat }, path) {
      if (path === '') throw new Failure('/save wants the name of a file.');
      await writeFile(path, `${JSON.stringify({ messages: chat.messages }, undefined, 2)}\n`);
      return [`${counted(chat.messages.length, 'message')} written to ${path}`];
    },
  },
  {
    name: 'load',
    value: 'FILE',
    help: 'continue a chat that was saved',
    async run({ chat }, path) {
      if (path === '') throw new Failure('/load wants the name of a file.');
      chat.messages = await readMessages(path);
      return [`${counted(chat.messages.length, 'message')} read from ${path}`];
    },
  },
  { name: 'stats', help: 'speed, tokens and cache', run: (context) => context.statistics() },
  { name: 'exit', help: 'leave; Ctrl-D does too', run: () => 'exit' },
];

/** Names of all commands, with their slash. */
export const chatCommandNames: readonly string[] = all.map(({ name }) => `/${name}`);

/** The command in a text, or undefined for a message. */
export function chatCommandIn(text: string): { readonly name: string; readonly value: string } | undefined {
  const [, name, value = ''] = /^\/([A-Za-z?]+)(?:\s+([\s\S]*))?$/.exec(text) ?? [];
  return name === undefined ? undefined : { name, value: value.trim() };
}

/** @throws Failure for a command that does not exist, and when a command fails. */
export async function runChatCommand(
  { name, value }: { readonly name: string; readonly value: string },
  context: ChatContext,
): Promise<ChatReply> {
  const meant = { quit: 'exit', '?': 'help' }[name] ?? name;
  const command = all.find((candidate) => candidate.name === meant);
  if (command === undefined)
    throw new Failure(`There is no command /${name}; /help lists all. With a space before it, it is a message.`);
  if (command.value === undefined && value !== '')
    throw new Failure(`/${name} takes nothing, but '${value}' was given.`);
  try {
    return await command.run(context, value);
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw new Failure(`/${name}: ${error.message}`);
    throw error;
  }
}

/** The messages of a file that /save wrote, or of any other JSON file with a list of messages. */
export async function readMessages(path: string): Promise<ChatMessage[]> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new Failure(`The chat cannot be read: ${error.message}`);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Failure(`${path} is not JSON: ${(error as Error).message}`);
  }
  const messages = Array.isArray(value) ? value : (value as { messages?: unknown } | null)?.messages;
  const isMessage = (message: unknown): message is ChatMessage =>
    typeof message === 'object' && message !== null && 'role' in message && 'content' in message;
  if (!Array.isArray(messages) || !messages.every(isMessage))
    throw new Failure(`${path} is not a chat: a list of messages, each with a role and a content.`);
  return messages;
}

function helpLines(width: number): string[] {
  const spelled = all.map(({ name, value }) => `/${name}${value === undefined ? '' : ` ${value}`}`);
  const column = Math.max(...spelled.map(({ length }) => length)) + 3;
  return [
    ...all.flatMap(({ help }, at) =>
      wrap(help, width - column).map((line, row) => `${(row === 0 ? spelled[at]! : '').padEnd(column)}${line}`),
    ),
    'Ctrl-C stops an answer. A backslash at the end of a line continues it on the next.',
  ];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
