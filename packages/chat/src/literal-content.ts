import { isControlToken, ParameterError, type TextRange, type Tokenizer, UnsupportedError } from '@tokenwright/core';
import type { ChatMessage } from './chat-message.ts';

/** Messages for a template, and the ids of what the template makes of them. */
export interface LiteralMessages {
  /** The messages to render. */
  readonly messages: readonly ChatMessage[];
  /** The ids of the rendered text, or of a part of it. */
  encode(text: string): number[];
}

/** Whose messages may hold special tokens on purpose: the application's, and the model's own answers. */
const trusted: readonly string[] = ['system', 'developer', 'assistant'];

/**
 * Messages whose special tokens are plain text: a person who writes `<|im_end|>`, or a tool that returns it, does not end a
 * message. Render `messages` with the template, and encode the result with `encode`. Messages of the system and of the
 * assistant are left as they are, and so are the special tokens of the template.
 *
 * @throws UnsupportedError for a tokenizer that does not read `splitSpecialTokens`, when there is something to split.
 * @example
 * ```ts
 * const literal = literalMessages(tokenizer, messages);
 * const ids = literal.encode(applyChatTemplate(chatTemplate, literal.messages));
 * ```
 */
export function literalMessages(tokenizer: Tokenizer, messages: readonly ChatMessage[]): LiteralMessages {
  const mark = markFor(messages);
  const found = new Set<string>();
  const marked = messages.map((message) =>
    trusted.includes(message.role)
      ? message
      : { ...message, content: markAll(tokenizer, message.content, mark, found) },
  ) as readonly ChatMessage[];
  if (found.size === 0) return { messages, encode: (text) => tokenizer.encode(text, { addSpecialTokens: false }) };
  return { messages: marked, encode: (text) => encodeMarked(tokenizer, text, mark, found) };
}

/** The messages as they are, or literal. Anything else than a list of messages is left to the template's checks. */
export function messagesFor(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  isLiteral: boolean,
): LiteralMessages {
  if (isLiteral && Array.isArray(messages)) return literalMessages(tokenizer, messages);
  return { messages, encode: (text) => tokenizer.encode(text, { addSpecialTokens: false }) };
}

/** A noncharacter of Unicode that no message has. In a text it marks, after its first character, a token that is plain text. */
function markFor(messages: readonly ChatMessage[]): string {
  const all = JSON.stringify(messages, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  for (let code = 0xfdd1; code <= 0xfdef; code++)
    if (!all.includes(String.fromCharCode(code))) return String.fromCharCode(code);
  throw new ParameterError('literalContent', 'messages', 'without Unicode noncharacters', 'all of them');
}

/** A content with marks in its texts. Parts such as `{ type: 'text', text }` keep their other keys. */
function markAll(tokenizer: Tokenizer, content: unknown, mark: string, found: Set<string>): unknown {
  if (typeof content === 'string') return markText(tokenizer, content, mark, found);
  if (Array.isArray(content)) return content.map((part) => markAll(tokenizer, part, mark, found));
  if (typeof content !== 'object' || content === null) return content;
  return Object.fromEntries(
    Object.entries(content).map(([key, value]) => [
      key,
      key === 'type' ? value : markAll(tokenizer, value, mark, found),
    ]),
  );
}

function markText(tokenizer: Tokenizer, text: string, mark: string, found: Set<string>): string {
  let marked = text;
  // Without one token, another may be found that it was a part of.
  for (;;) {
    const spelled = controlsOf(tokenizer, marked).filter((token) => marked.includes(token));
    if (spelled.length === 0) return marked;
    for (const token of new Set(spelled)) {
      found.add(token);
      const [first] = token;
      marked = marked.replaceAll(token, () => first + mark + token.slice(first!.length));
    }
  }
}

/** The spellings of the control tokens in the encoded text, in order. */
function controlsOf(tokenizer: Tokenizer, text: string): string[] {
  const ids = tokenizer.encode(text, { addSpecialTokens: false });
  return ids
    .filter((id) => isControlToken(tokenizer, id))
    .map((id) => tokenizer.decode([id], { skipSpecialTokens: false }))
    .filter((token) => token !== '');
}

function encodeMarked(tokenizer: Tokenizer, marked: string, mark: string, found: ReadonlySet<string>): number[] {
  const parts = marked.split(mark);
  const text = parts.join('');
  const ranges: TextRange[] = [];
  let at = 0;
  for (const part of parts.slice(0, -1)) {
    at += part.length;
    ranges.push([at - 1, at + 1]);
  }
  const ids = tokenizer.encode(text, { addSpecialTokens: false, splitSpecialTokens: ranges });
  const count = (list: readonly string[]): number => list.filter((token) => found.has(token)).length;
  const spelled = ids
    .filter((id) => isControlToken(tokenizer, id))
    .map((id) => tokenizer.decode([id], { skipSpecialTokens: false }));
  if (count(spelled) !== count(controlsOf(tokenizer, marked)))
    throw new UnsupportedError('literalContent', 'The tokenizer', 'Its encode does not read splitSpecialTokens.');
  return ids;
}
