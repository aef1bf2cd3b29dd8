import type { ReasoningFormat } from '../tool-format.ts';
import { passText } from './pass-text.ts';
import { readChannels } from './read-channels.ts';
import { readMarked } from './read-marked.ts';
import type { ReplySetting } from './reply-setting.ts';
import type { Reading, TextInput } from './text-input.ts';

/** A reply: reasoning, text, calls. */
export function* readReply(input: TextInput, setting: ReplySetting): Reading<void> {
  const { reply, reasoning } = setting;
  if (reply?.kind === 'channels') {
    yield* readChannels(input, reply, setting);
    return;
  }
  if (reasoning !== undefined) yield* readReasoning(input, reasoning, setting);
  if (reply !== undefined) yield* readMarked(input, reply, setting);
  else {
    const answerEnd = reasoning?.answer?.close;
    while ((yield* passText(input, 'text', answerEnd === undefined ? [] : [answerEnd])) !== undefined) input.release();
  }
}

/** Reasoning is at the beginning: the prompt or the reply opens it. */
function* readReasoning(
  input: TextInput,
  { open, close, answer }: ReasoningFormat,
  { inReasoning, inText }: ReplySetting,
): Reading<void> {
  if (inText) return;
  const opens = yield* beginsWith(input, open);
  if (opens) {
    yield* input.skipSpace();
    yield* input.accept(open);
  }
  if (opens || inReasoning) {
    yield* input.skipSpace();
    yield* passText(input, 'reasoning', [close]);
    input.release();
    yield* input.skipSpace();
  }
  if (answer !== undefined && (yield* beginsWith(input, answer.open))) {
    yield* input.skipSpace();
    yield* input.accept(answer.open);
  }
}

/** Whether the text comes next, maybe after white space. Nothing is read. */
function* beginsWith(input: TextInput, text: string): Reading<boolean> {
  for (;;) {
    const rest = input.rest.trimStart();
    if (rest.startsWith(text)) return true;
    if (input.ended || !text.startsWith(rest)) return false;
    yield undefined;
  }
}
