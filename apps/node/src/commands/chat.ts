import { readFile } from 'node:fs/promises';
import { type EndEvent, type GenerateOptions, TokenwrightError } from '@tokenwright/core';
import { Chat, type ChatTemplate, chatML, createChatTemplate, plainDialogue } from '@tokenwright/loaders';
import {
  type ChatContext,
  chatCommandIn,
  chatCommandNames,
  readMessages,
  runChatCommand,
} from '../chat/chat-commands.ts';
import { type Command, type Flag, Given, parse } from '../cli/command.ts';
import { Failure, misuse } from '../cli/failure.ts';
import { interrupt } from '../cli/interrupt.ts';
import { type Line, type LineReader, lineReader } from '../cli/line-reader.ts';
import { paintFor, widthOf } from '../cli/terminal.ts';
import { generateFlags, optionsOf } from '../options/generate-flags.ts';
import { generalFlags, modelFlags, type Session, tell, withModel } from '../session.ts';
import { jsonLine } from '../show/json.ts';
import { grouped } from '../show/number.ts';
import { rateLine } from '../show/rate.ts';
import { watchedChunk, watchPrefill } from '../watch-prefill.ts';

const group = 'Chat';
/** What a chat cannot heed: it has one answer a turn, and a cache of its own. */
const notInChat = ['sequences', 'cache', 'strategy', 'draft'];

/** What shapes an answer, and so may be changed within a chat. */
const answerFlags: readonly Flag[] = generateFlags.filter(({ name }) => !notInChat.includes(name));

export const chatCommand: Command = {
  name: 'chat',
  summary: 'Talk with a model that was trained to chat',
  about:
    'Talk with a model. Its own chat template turns messages into the text that it was trained on; what was said stays in its cache, so ' +
    'each turn reads only what is new. With a message as argument, answer that one and leave. In a pipe, each line is a message.\n' +
    `While you talk: ${chatCommandNames.join(' ')}. Ctrl-C stops the answer, not the program.`,
  operands: ['[message]'],
  examples: [
    ['tokenwright chat --model HuggingFaceTB/SmolLM2-135M-Instruct', 'downloaded once, then kept'],
    ['tokenwright chat --model model.Q4_K_M.gguf --system "Be brief."', 'a file of yours'],
    ['tokenwright chat "What is a whale?" -m ./my-model --json', 'one answer, as events'],
    ['tokenwright chat --template plain', 'talk to the story writer that comes along; do not expect sense'],
  ],
  flags: [
    { name: 'system', value: 'TEXT', help: 'What the model is told before everything else.', group },
    { name: 'load', value: 'FILE', help: 'Go on with a chat that /save wrote.', group },
    {
      name: 'template',
      value: 'NAME|FILE',
      help: "How messages become a text, instead of the model's own way: chatml, plain (a written dialogue, for models that were not trained to chat), a file with a Jinja template, or the name of one of the model's templates.",
      group,
      choices: ['chatml', 'plain'],
    },
    { name: 'json', help: 'One event a line, as JSON, instead of text.', group: 'Output' },
    { name: 'quiet', short: 'q', help: 'No greeting.', group: 'Output' },
    ...answerFlags,
    ...modelFlags,
    ...generalFlags,
  ],
  run: (given) => withModel(given, (session) => talk(given, session)),
};

async function talk(given: Given, session: Session): Promise<number | undefined> {
  const { chatTemplate, name } = await templateOf(given, session);
  const { tokenizer } = session;
  let chat: Chat | undefined;
  const model = watchPrefill(session.model, () => chat?.promptLength ?? 0);
  chat = new Chat({ model, tokenizer, chatTemplate }, name === undefined ? {} : { template: name });
  try {
    const path = given.text('load');
    if (path !== undefined) chat.messages = await readMessages(path);
    if (given.has('system')) chat.system = given.text('system');
    const conversation = new Conversation(given, session, chat);
    const [message] = given.operands;
    if (message !== undefined) {
      await conversation.say(message);
      return interrupt.status;
    }
    return await conversation.run();
  } finally {
    chat.dispose();
  }
}

/** The template of the flags, or the model's; and which of its templates, if the flag names one of several. */
async function templateOf(
  given: Given,
  { chatTemplate, model }: Session,
): Promise<{ readonly chatTemplate: ChatTemplate; readonly name?: string }> {
  const text = given.text('template');
  if (text === 'chatml') return { chatTemplate: chatML };
  if (text === 'plain') return { chatTemplate: plainDialogue };
  if (text !== undefined) {
    if (chatTemplate?.names.includes(text)) return { chatTemplate, name: text };
    const source = await readFile(text, 'utf8').catch(() => {
      throw misuse(`--template wants chatml, plain, or a file with a Jinja template, but there is no file '${text}'.`);
    });
    return { chatTemplate: createChatTemplate(source, chatTemplate?.specialTokens, text) };
  }
  if (chatTemplate !== undefined) return { chatTemplate };
  throw new Failure(
    `${model.name} has no chat template: it was not trained to chat. Take a model that was (--model organisation/name), or try --template plain.`,
  );
}

/** A chat on a terminal or in a pipe. */
class Conversation {
  #given: Given;
  readonly #session: Session;
  readonly #chat: Chat;
  readonly #interactive: boolean = process.stdin.isTTY === true;
  readonly #json: boolean;
  #last: EndEvent | undefined;
  #answers = 0;
  #forgotten = 0;

  constructor(given: Given, session: Session, chat: Chat) {
    this.#given = given;
    this.#session = session;
    this.#chat = chat;
    this.#json = given.has('json');
  }

  /** Read and answer until the end of the input. Returns the status to leave with. */
  async run(): Promise<number | undefined> {
    const paint = paintFor(process.stderr);
    if (this.#interactive && !this.#given.has('quiet'))
      this.#tell([
        `${this.#session.model.name} on ${this.#session.engine.name}. /help lists commands, Ctrl-D leaves.`,
        '',
      ]);
    const reader = lineReader((begun) => chatCommandNames.filter((name) => begun !== '' && name.startsWith(begun)));
    let interrupts = 0;
    try {
      while (interrupt.status === undefined) {
        const line = await untilAborted(reader, this.#interactive ? paint(['bold', 'green'], '> ') : '');
        if (line === 'end') return interrupt.status;
        if (line === 'interrupt') {
          if (++interrupts === 2) return 130;
          this.#tell(['Ctrl-C once more, or Ctrl-D, leaves.']);
          continue;
        }
        interrupts = 0;
        if (line.text.trim() !== '' && (await this.#handle(line.text)) === 'exit') return undefined;
      }
      return interrupt.status;
    } finally {
      reader.close();
    }
  }

  /** Say something and print the answer. */
  async say(content: string): Promise<void> {
    const controller = new AbortController();
    const release = this.#interactive ? interrupt.capture(() => controller.abort()) : () => {};
    const signal = AbortSignal.any([controller.signal, interrupt.signal]);
    let begun = false;
    try {
      for await (const event of this.#chat.send(content, { ...this.#options(), signal })) {
        if (event.type === 'end') this.#last = event;
        if (this.#json) process.stdout.write(jsonLine(event));
        else if (event.type !== 'step') {
          const text = (event.type === 'token' ? event.text : event.tail) ?? '';
          // Many models begin with a space that only parts words.
          process.stdout.write(begun ? text : text.trimStart());
          begun ||= text.trim() !== '';
        }
      }
    } finally {
      release();
      if (!this.#json) process.stdout.write('\n');
    }
    this.#answers++;
    this.#remark();
  }

  async #handle(text: string): Promise<'exit' | undefined> {
    try {
      const command = chatCommandIn(text);
      if (command === undefined) {
        await this.say(text.trim());
        if (this.#interactive) this.#tell(['']);
        return undefined;
      }
      const reply = await runChatCommand(command, this.#context());
      if (reply === 'exit') return 'exit';
      if (this.#json) process.stdout.write(jsonLine({ type: 'command', name: command.name, lines: reply }));
      else this.#tell(reply);
    } catch (error) {
      // A chat survives what a message did wrong; a script does not.
      if (!this.#interactive || !(error instanceof Failure || TokenwrightError.isInstance(error))) throw error;
      process.stderr.write(`${paintFor(process.stderr)('red', error.message)}\n`);
    }
    return undefined;
  }

  #context(): ChatContext {
    return {
      chat: this.#chat,
      width: Math.min(100, widthOf(process.stderr)),
      set: (words) => this.#set(words),
      statistics: () => this.#statistics(),
    };
  }

  #options(): GenerateOptions {
    const plain = this.#given.text('template') === 'plain' ? ['\nUser:'] : [];
    const { tokenizer: _, ...options } = optionsOf(this.#given, this.#session);
    return {
      maxNewTokens: this.#session.model.contextLength,
      ...options,
      stopStrings: [...(options.stopStrings ?? []), ...plain],
      ...(process.stderr.isTTY ? { prefillChunk: options.prefillChunk ?? watchedChunk } : {}),
    };
  }

  /** What should be known of the last answer. */
  #remark(): void {
    const { forgotten } = this.#chat;
    if (forgotten > this.#forgotten)
      this.#tell([
        `(The context is full: the oldest ${forgotten === 1 ? 'exchange is' : `${forgotten} exchanges are`} forgotten.)`,
      ]);
    this.#forgotten = forgotten;
    const last = this.#last;
    if (last === undefined) return;
    const reason = {
      length: 'as long as was asked for',
      context: 'the context is full',
      time: 'the time is over',
      abort: 'stopped',
    }[last.reason as string];
    if (reason !== undefined && this.#interactive) this.#tell([`(${reason})`]);
    tell(this.#given, `${rateLine([last])}; ${last.usage.cachedTokens} tokens of the prompt were in the cache`);
  }

  #statistics(): string[] {
    const { cache, messages, forgotten } = this.#chat;
    const { model, engine } = this.#session;
    const used = cache.lengths[0]!;
    const lines = [
      `model      ${model.name} on ${engine.name}`,
      `chat       ${messages.length} messages, ${this.#answers} answers here, ${forgotten} exchanges forgotten`,
      `context    ${grouped(used)} of ${grouped(model.contextLength)} tokens; keys and values ${(cache.bytes / 1e6).toFixed(1)} MB`,
    ];
    if (this.#last === undefined) return lines;
    const { promptTokens, cachedTokens } = this.#last.usage;
    return [
      ...lines,
      `last turn  ${rateLine([this.#last])}`,
      `reused     ${grouped(cachedTokens)} of ${grouped(promptTokens)} prompt tokens were in the cache`,
    ];
  }

  /** '/set temperature 0.5' is '--temperature 0.5' from now on. */
  #set(words: readonly string[]): string[] {
    const [name, ...rest] = words;
    const isAnswerFlag = (flag: string): boolean => answerFlags.some((candidate) => candidate.name === flag);
    if (name === undefined) {
      const shown = this.#given.ordered.filter((flag) => isAnswerFlag(flag.name));
      if (shown.length === 0) return ['No flag is set: the model decides.'];
      return shown.map(({ name: flag, value }) => `${flag}${value === undefined ? '' : ` ${value}`}`);
    }
    const flag = name.replace(/^--/, '');
    const others = this.#given.ordered.filter((candidate) => candidate.name !== flag);
    if (rest.join(' ') === '-') {
      this.#given = new Given(this.#given.operands, others);
      return [`${flag} is no longer set.`];
    }
    const [set] = parse(chatCommand, [`--${flag}`, ...(rest.length === 0 ? [] : [rest.join(' ')])]).ordered;
    if (set === undefined || !isAnswerFlag(set.name))
      throw new Failure(`${flag} cannot be changed within a chat; start anew with --${flag}.`);
    const at = this.#given.ordered.findIndex((candidate) => candidate.name === flag);
    const before = this.#given;
    this.#given = new Given(
      before.operands,
      at < 0 ? [...others, set] : [...others.slice(0, at), set, ...others.slice(at)],
    );
    try {
      this.#options();
    } catch (error) {
      this.#given = before;
      throw error;
    }
    return [`${flag}${set.value === undefined ? '' : ` ${set.value}`} holds from the next answer on.`];
  }

  #tell(lines: readonly string[]): void {
    const paint = paintFor(process.stderr);
    for (const line of lines) process.stderr.write(`${line === '' ? '' : paint('dim', line)}\n`);
  }
}

/** The next line, or the end once the program is to end. */
function untilAborted(reader: LineReader, prompt: string): Promise<Line> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve('end');
    interrupt.signal.addEventListener('abort', stop, { once: true });
    reader.next(prompt).then(resolve, reject);
  });
}
