import type { ReplyPart } from '../tool-call.ts';
import { readReply } from './read-reply.ts';
import type { ReplySetting } from './reply-setting.ts';
import { type Reading, TextInput } from './text-input.ts';

/** Splits a reply, as it arrives, into text, reasoning and tool calls. */
export class ReplyParser {
  readonly #input: TextInput = new TextInput();
  readonly #reading: Reading<void>;
  #done = false;

  constructor(setting: ReplySetting) {
    this.#reading = readReply(this.#input, setting);
  }

  /** What this text completes. */
  push(text: string): ReplyPart[] {
    if (text === '') return [];
    this.#input.push(text);
    return this.#read();
  }

  /** What is left at the end of the reply. A call that is not complete is an invalid one. */
  end(): ReplyPart[] {
    this.#input.end();
    return this.#read();
  }

  #read(): ReplyPart[] {
    const parts: ReplyPart[] = [];
    while (!this.#done) {
      const { value, done } = this.#reading.next();
      if (done === true) this.#done = true;
      else if (value === undefined) break;
      else parts.push(value);
    }
    return parts;
  }
}
