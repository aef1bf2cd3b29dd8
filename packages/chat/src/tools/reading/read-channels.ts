import { withoutMarks } from '../marked-tokens.ts';
import type { ChannelReply } from '../tool-format.ts';
import { passText } from './pass-text.ts';
import { argumentsOf } from './read-arguments.ts';
import { completeCall } from './read-marked.ts';
import type { ReplySetting } from './reply-setting.ts';
import { callError, type Reading, type TextInput, Unreadable } from './text-input.ts';

/** A sequence of messages with headers. The prompt ends before the first header, or before the text that begins it. */
export function* readChannels(input: TextInput, reply: ChannelReply, setting: ReplySetting): Reading<void> {
  const { next, headerEnd, ends, read } = reply;
  const marks = [...ends, next];
  let inText = setting.inText;
  if (!inText) {
    yield* input.skipSpace();
    yield* input.accept(next);
  }
  for (;;) {
    input.keep();
    const header = inText ? { text: '', found: headerEnd } : yield* input.until([headerEnd]);
    if (header.found === undefined) {
      // Text without a header.
      const text = withoutMarks(header.text);
      if (text.trim() !== '') yield { type: 'text', text };
      return;
    }
    const channel = inText ? ({ kind: 'text' } as const) : read(withoutMarks(header.text));
    inText = false;
    let found: string | undefined;
    if (channel.kind === 'call') found = yield* readCall(input, channel.name, marks, setting);
    else {
      input.release();
      found = yield* passText(input, channel.kind, marks);
    }
    input.release();
    if (found === undefined) return;
    if (found === next) continue;
    yield* input.skipSpace();
    if ((yield* input.peek()) === undefined) return;
    if (!(yield* input.accept(next))) inText = true;
  }
}

/** The arguments of a call, up to the mark after them, which is returned. */
function* readCall(
  input: TextInput,
  name: string,
  marks: readonly string[],
  setting: ReplySetting,
): Reading<string | undefined> {
  try {
    const read = argumentsOf(yield* input.json());
    const text = withoutMarks(input.since);
    yield { type: 'tool-call', call: completeCall({ name, arguments: read }, setting, text) };
    return (yield* input.until(marks)).found;
  } catch (problem) {
    if (!(problem instanceof Unreadable)) throw problem;
    const { since } = input;
    const cut = marks.map((mark) => since.indexOf(mark)).filter((at) => at >= 0);
    if (cut.length > 0) input.backTo(Math.min(...cut));
    const { found } = yield* input.until(marks);
    const reason = problem.reason === 'incomplete' && found !== undefined ? 'syntax' : problem.reason;
    yield { type: 'invalid-tool-call', error: callError({ ...problem, reason }, input.since, name) };
    return found;
  }
}
