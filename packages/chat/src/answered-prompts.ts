import type { Reply } from './reply/reply.ts';

/** A prompt, with the ids that it was fed or generated as. */
export interface Prompt {
  readonly text: string;
  readonly ids: readonly number[];
}

/**
 * The last prompt and its reply, as far as both are in the cache or can be found there. What the model wrote stays as the tokens
 * that it chose, whatever the tokenizer would make of their text: so the next turn finds them in the cache.
 */
export class AnsweredPrompts {
  /** The prompt with the reply, and the prompt alone, for a template that writes the reply in another way. */
  #known: readonly Prompt[] = [];

  /** The ids of a rendered chat: those that were fed, and then the rest. */
  encode(text: string, encode: (part: string) => number[]): readonly number[] {
    const ids = encode(text);
    const fed = this.#known.find((one) => one.ids.length > 0 && text.startsWith(one.text));
    if (fed === undefined) return ids;
    // The tokens that were fed, if the rest has the same tokens alone as at the end of the whole text.
    const rest = encode(text.slice(fed.text.length));
    const fits = rest.length <= ids.length && rest.every((id, at) => id === ids[ids.length - rest.length + at]);
    return fits ? [...fed.ids, ...rest] : ids;
  }

  /** @param ids the new tokens, without an end token. */
  remember(prompt: Prompt, ids: readonly number[], reply: Reply): void {
    const spelled = reply.spelled(prompt.ids, ids);
    const answered = { text: prompt.text + spelled, ids: [...prompt.ids, ...ids] };
    this.#known = spelled === undefined ? [prompt] : [answered, prompt];
  }
}
