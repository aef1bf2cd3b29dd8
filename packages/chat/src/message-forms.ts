import { ParameterError } from '@tokenwright/core';
import { ChatTemplateError } from './chat-template-error.ts';
import { strip } from './jinja/values/code-points.ts';
import { ContentParts, Dict, isList, type Value } from './jinja/values/values.ts';
import type { MessageForm } from './template-input.ts';

/** The forms in which these messages are tried: as they are, and then with one more change each time. */
export function formsFor(messages: readonly Value[]): MessageForm[] {
  const has = (test: (message: Dict) => boolean): boolean =>
    messages.some((message) => message instanceof Dict && test(message));
  const changes: (readonly [keyof MessageForm, boolean])[] = [
    ['joinsParts', has((message) => isList(message.get('content') ?? null))],
    ['writesArguments', has((message) => isList(message.get('tool_calls') ?? null))],
    ['fillsContent', has((message) => (message.get('content') ?? null) === null)],
    ['callsDeveloperSystem', has((message) => message.get('role') === 'developer')],
  ];
  const forms: MessageForm[] = [{}];
  for (const [change, isUseful] of changes) if (isUseful) forms.push({ ...forms.at(-1), [change]: true });
  return forms;
}

/** True when a text that was given in parts is not there as a whole: the template may read no parts. */
export function isPartMissing(messages: readonly Value[], text: string): boolean {
  return messages.some((message) => {
    const content = message instanceof Dict ? message.get('content') : undefined;
    if (content === undefined || !isList(content)) return false;
    return content.some((part) => part instanceof Dict && !text.includes(String(part.get('text')).trim()));
  });
}

/** Messages of which one has marks around its text: a template that uses the text then gives another result. */
export interface Marked {
  readonly messages: readonly Value[];
  readonly role: string;
  /** The text without the marks. */
  readonly content: string;
}

/** The messages with marks around the text of one; undefined when that message has no text. */
export function withMarkedContent(messages: readonly Value[], at: number): Marked | undefined {
  const message = messages[at];
  if (!(message instanceof Dict)) return undefined;
  const given = message.get('content');
  const parts = given !== undefined && isList(given) ? given : undefined;
  const texts = parts?.map((part) => (part instanceof Dict ? part.get('text') : undefined));
  const content = texts === undefined ? given : texts.join('');
  if (typeof content !== 'string' || content.trim() === '') return undefined;
  // At both ends, so that a template that keeps only the beginning or the end of a text shows one of them.
  const marked = `q7 ${content} q7`;
  const changed = message.with({
    content:
      parts === undefined ? marked : ContentParts.of<Value>(new Dict(Object.entries({ type: 'text', text: marked }))),
  });
  return { messages: messages.with(at, changed), role: String(message.get('role')), content };
}

/** Unlikely in a chat. Its space shows whether the template trims texts. */
const finalTag = 'END_OF_THE_FINAL_MESSAGE ';

/** The messages with a tag at the end of the last text, and that text. */
export function withFinalTag(
  owner: string,
  messages: readonly Value[],
): { readonly messages: Value[]; readonly text: string } {
  const last = messages.at(-1);
  const content = last instanceof Dict ? last.get('content') : undefined;
  const wrong = (): never => {
    throw new ParameterError(owner, 'continueFinalMessage', 'false for a last message without a text', true);
  };
  const tagged = (value: Value): Dict => (last as Dict).with({ content: value });
  if (typeof content === 'string')
    return { messages: [...messages.slice(0, -1), tagged(content + finalTag)], text: content };
  if (content === undefined || !isList(content)) return wrong();
  const part = content.at(-1);
  const text = part instanceof Dict ? part.get('text') : undefined;
  if (!(part instanceof Dict) || typeof text !== 'string') return wrong();
  const parts = [...content.slice(0, -1), part.with({ text: text + finalTag })];
  return { messages: [...messages.slice(0, -1), tagged(parts)], text };
}

/** The text up to the tag. @throws ChatTemplateError when the template edits the last text. */
export function cutAfterFinal(model: string, text: string, final: string): string {
  const at = text.lastIndexOf(finalTag.trim());
  if (at < 0 || !text.includes(final.trim()))
    throw new ChatTemplateError(
      model,
      'failed',
      'its chat template does not write the last message as it is, so it cannot be continued',
    );
  const cut = text.slice(0, at);
  return text.startsWith(finalTag, at) ? cut : strip(cut, undefined, 'end');
}
