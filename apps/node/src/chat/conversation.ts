import type { Chat, ChatEvent } from '@tokenwright/chat';
import { describeFinish, type EndEvent, type GenerateOptions, TokenwrightError } from '@tokenwright/core';
import { type Command, Given, parse } from '../cli/command.ts';
import { Failure } from '../cli/failure.ts';
import { interrupt } from '../cli/interrupt.ts';
import { type Line, type LineReader, lineReader } from '../cli/line-reader.ts';
import { print, report } from '../cli/output.ts';
import { paintFor, widthOf } from '../cli/terminal.ts';
import { TextFlow } from '../cli/text-flow.ts';
import { answerFlags, optionsOf } from '../options/generate-flags.ts';
import { type Grammar, type GrammarPlace, GrammarReading, grammarOf } from '../options/grammar-flags.ts';
import { type Session, tell } from '../session.ts';
import { completeness, documentFields, incompleteStatus } from '../show/grammar.ts';
import { jsonLine } from '../show/json.ts';
import { grouped } from '../show/number.ts';
import { rateLine } from '../show/rate.ts';
import { watchedChunk } from '../watch-prefill.ts';
import { type ChatContext, chatCommandIn, chatCommandNames, runChatCommand } from './chat-commands.ts';

/** Parts of a reply that are not its text. */
type Part = Extract<ChatEvent, { readonly type: 'reasoning' | 'tool-call' | 'invalid-tool-call' }>;

/** A chat on a terminal or in a pipe. */
export class Conversation {
  #given: Given;
  readonly #command: Command;
  readonly #session: Session;
  readonly #chat: Chat;
  readonly #interactive: boolean = process.stdin.isTTY === true;
  readonly #json: boolean;
  #last: EndEvent | undefined;
  #answers = 0;
  #incomplete = false;
  #forgotten = 0;

  /** @param command parses flags that are changed within the chat. */
  constructor(given: Given, command: Command, session: Session, chat: Chat) {
    this.#given = given;
    this.#command = command;
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
    const reader = lineReader({
      complete: (begun) => chatCommandNames.filter((name) => begun !== '' && name.startsWith(begun)),
      isCommand: (line) => chatCommandIn(line) !== undefined,
    });
    let interrupts = 0;
    try {
      while (interrupt.status === undefined) {
        const line = await untilAborted(reader, this.#interactive ? paint(['bold', 'green'], '> ') : '');
        if (line === 'end') return this.status;
        if (line === 'interrupt') {
          if (++interrupts === 2) return 130;
          this.#tell(['Ctrl-C once more, or Ctrl-D, leaves.']);
          continue;
        }
        interrupts = 0;
        if (line.text.trim() !== '' && (await this.#handle(line.text)) === 'exit') return this.status;
      }
      return this.status;
    } finally {
      reader.close();
    }
  }

  /** The status to leave with: of a signal, or when an answer is only the beginning of what its grammar asks for. */
  get status(): number | undefined {
    return interrupt.status ?? (this.#incomplete && !this.#interactive ? incompleteStatus : undefined);
  }

  /** Say something and print the answer. */
  async say(content: string): Promise<void> {
    const controller = new AbortController();
    const release = this.#interactive ? interrupt.capture(() => controller.abort()) : () => {};
    const signal = AbortSignal.any([controller.signal, interrupt.signal]);
    const flow = new TextFlow();
    let begun = false;
    try {
      for await (const event of this.#chat.send(content, { ...this.#options(), signal })) {
        if (isPart(event)) {
          this.#showPart(event);
          continue;
        }
        if (event.type === 'end') this.#last = event;
        if (this.#json) print(jsonLine(event.type === 'end' ? { ...event, ...this.#document(event) } : event));
        else if (event.type === 'token' || event.type === 'end') {
          const text = (event.type === 'token' ? event.text : event.tail) ?? '';
          // Many models begin with a space, which only separates words.
          flow.write(begun ? text : text.trimStart());
          begun ||= text.trim() !== '';
        }
      }
    } finally {
      release();
      if (!this.#json) print('\n');
    }
    this.#answers++;
    this.#remark();
  }

  /** Reasoning and tool calls, which do not belong to the answer's text. */
  #showPart(event: Part): void {
    if (event.type === 'reasoning') {
      if (this.#json) print(jsonLine(event));
      else report(paintFor(process.stderr)('dim', event.text));
    } else if (event.type === 'tool-call') {
      if (this.#json) print(jsonLine(event));
      else this.#tell([`(calls ${event.call.name} with ${event.call.argumentsText})`]);
    } else {
      const { reason, tool, text, message } = event.error;
      if (this.#json) print(jsonLine({ type: event.type, reason, tool, text, message }));
      else this.#tell([`(${message})`]);
    }
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
      if (this.#json) print(jsonLine({ type: 'command', name: command.name, lines: reply }));
      else this.#tell(reply);
    } catch (error) {
      // An interactive chat continues after an error; a script stops.
      if (!this.#interactive || !(error instanceof Failure || TokenwrightError.isInstance(error))) throw error;
      report(`${paintFor(process.stderr)('red', error.message)}\n`);
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
      ...(process.stderr.isTTY ? { prefillChunkSize: options.prefillChunkSize ?? watchedChunk } : {}),
    };
  }

  /** Report what is unusual about the last answer. */
  #remark(): void {
    const { forgotten } = this.#chat;
    if (forgotten > this.#forgotten)
      this.#tell([
        `(The context is full: the oldest ${forgotten === 1 ? 'exchange is' : `${forgotten} exchanges are`} forgotten.)`,
      ]);
    this.#forgotten = forgotten;
    const last = this.#last;
    if (last === undefined) return;
    const grammar = grammarOf(this.#given);
    const place = grammar && this.#placeOf(grammar, last);
    if (grammar !== undefined && place?.complete === false) {
      this.#incomplete = true;
      this.#tell([`(${completeness(grammar, place, last)})`]);
    } else if (last.finishReason !== 'stop' && this.#interactive) this.#tell([`(${describeFinish(last)})`]);
    tell(this.#given, `${rateLine([last])}; ${last.usage.cachedTokens} tokens of the prompt were in the cache`);
  }

  #placeOf(grammar: Grammar, { ids }: EndEvent): GrammarPlace {
    return new GrammarReading(grammar, this.#session.tokenizer).read(ids).place;
  }

  /** What --json adds to the end of an answer with a grammar. */
  #document(end: EndEvent): object {
    const grammar = grammarOf(this.#given);
    return grammar === undefined ? {} : documentFields(grammar, this.#placeOf(grammar, end), end);
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
      if (shown.length === 0) return ['No flag is set; the defaults of the model apply.'];
      return shown.map(({ name: flag, value }) => `${flag}${value === undefined ? '' : ` ${value}`}`);
    }
    const flag = name.replace(/^--/, '');
    const others = this.#given.ordered.filter((candidate) => candidate.name !== flag);
    if (rest.join(' ') === '-') {
      this.#given = new Given(this.#given.operands, others);
      return [`${flag} is no longer set.`];
    }
    const [set] = parse(this.#command, [`--${flag}`, ...(rest.length === 0 ? [] : [rest.join(' ')])]).ordered;
    if (set === undefined || !isAnswerFlag(set.name))
      throw new Failure(`${flag} cannot be changed within a chat; start again with --${flag}.`);
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
    return [`${flag}${set.value === undefined ? '' : ` ${set.value}`} applies from the next answer on.`];
  }

  #tell(lines: readonly string[]): void {
    const paint = paintFor(process.stderr);
    for (const line of lines) report(`${line === '' ? '' : paint('dim', line)}\n`);
  }
}

/** The next line, or the end when the program is interrupted. */
function untilAborted(reader: LineReader, prompt: string): Promise<Line> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve('end');
    interrupt.signal.addEventListener('abort', stop, { once: true });
    reader.next(prompt).then(resolve, reject);
  });
}

function isPart(event: ChatEvent): event is Part {
  return event.type === 'reasoning' || event.type === 'tool-call' || event.type === 'invalid-tool-call';
}
