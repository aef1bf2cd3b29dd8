import {
  alternatives,
  type GrammarPart,
  type Machine,
  regularExpression,
  repeated,
  sequence,
  textUpTo,
  textWithout,
} from '@tokenwright/grammar';
import type { ToolDefinitions } from '../tool-definitions.ts';
import type { CallPart, ChannelReply, MarkedReply, ReasoningFormat } from '../tool-format.ts';
import { ArgumentsGrammar } from './arguments-grammar.ts';

/** What a reply may be. The texts are spelled with marked tokens. */
export interface ForcedReply {
  readonly owner: string;
  readonly reply: MarkedReply | ChannelReply;
  readonly reasoning: ReasoningFormat | undefined;
  readonly inReasoning: boolean;
  readonly inText: boolean;
  /** The prompt has the text that begins a message of a channel. */
  readonly inHeader: boolean;
  /** The tools that may be called. */
  readonly tools: ToolDefinitions;
  /** 'none': no call; 'auto': text, calls, or text and then calls; 'required': calls. */
  readonly choice: 'none' | 'auto' | 'required';
  readonly parallel: boolean;
  readonly spell: (text: string) => string;
}

/** White space between the reasoning and a call. */
const gap: readonly string[] = ['', '\n', '\n\n', ' '];

/**
 * The grammar of a reply: every call in it is in the format and has arguments that conform to the schema of the tool.
 *
 * @throws ToolSchemaError.
 */
export function replyGrammar(forced: ForcedReply): Machine {
  const { reply, reasoning, inReasoning, inText, choice } = forced;
  if (reply.kind === 'channels') return channelGrammar(reply, forced);
  const answer = markedGrammar(reply, forced);
  if (reasoning === undefined || inText) return answer;
  const between = choice === 'required' ? alternatives(gap) : '';
  const thought = sequence([textUpTo(reasoning.close), between, answer]);
  return inReasoning ? thought : alternatives([answer, sequence([reasoning.open, thought])]);
}

function markedGrammar(reply: MarkedReply, forced: ForcedReply): Machine {
  const { open, alsoOpen = [], list = false, close = '', bare = false, between } = reply;
  const [first] = reply.call;
  const start = open ?? (typeof first === 'string' ? first : '');
  const begin = start.trim();
  const marks = [begin, ...alsoOpen].filter((mark) => mark !== '');
  if (forced.choice === 'none') return bare ? notLikeCall(marks) : textWithout(marks);
  const parallel = forced.parallel && reply.parallel !== false;
  // A call after its first text, where that is the beginning of everything.
  const rest = callGrammar(open === undefined && !bare ? reply.call.slice(1) : reply.call, forced);
  const one = open === undefined && !bare ? sequence([first as string, rest]) : rest;
  const more = parallel ? repeated(sequence([between, one])) : '';
  if (bare) {
    const calls = sequence([one, more]);
    if (forced.choice === 'required') return calls;
    return forced.inText ? notLikeCall(marks) : alternatives([calls, notLikeCall(marks)]);
  }
  const section = sequence([start.slice(begin.length), list ? '[' : '', rest, more, list ? ']' : '', close]);
  if (forced.choice === 'required') return sequence([begin, section]);
  return alternatives([textWithout(marks), sequence([textUpTo(begin, alsoOpen), section])]);
}

/** Text that does not begin as a call without a mark does, and has none of the marks. */
function notLikeCall(marks: readonly string[]): Machine {
  const quoted = marks.map(
    (mark) => `(?![\\s\\S]*${mark.replace(/[^\w]/gu, (one) => `\\u{${one.codePointAt(0)!.toString(16)}}`)})`,
  );
  return regularExpression(`${quoted.join('')}(?!\\s*\\{\\s*"(?:name|type|function|parameters)")[\\s\\S]*`);
}

function channelGrammar({ next, headerEnd, ends, write }: ChannelReply, forced: ForcedReply): Machine {
  const text = textWithout([...ends, next]);
  if (forced.inText) return text;
  const { choice } = forced;
  const headers = [
    ...(write.reasoning === undefined ? [] : [write.reasoning]),
    ...(choice === 'required' ? [] : write.before),
  ];
  const first = forced.inHeader ? '' : next;
  const end = write.beforeEnd;
  const body =
    end === ''
      ? textUpTo(next, ends)
      : sequence([textUpTo(end, [...ends.filter((other) => other !== end), next]), next]);
  const before: GrammarPart = headers.length === 0 ? '' : repeated(sequence([alternatives(headers), headerEnd, body]));
  const answer = sequence([write.text, headerEnd, text]);
  if (choice === 'none') return sequence([first, before, answer]);
  const call = alternatives(
    Array.from(forced.tools, ([name, schema]) =>
      sequence([
        write.call,
        name,
        write.callEnd,
        headerEnd,
        new ArgumentsGrammar(forced.owner, name, schema).json(),
        write.end === '' ? '' : alternatives(['', write.end]),
      ]),
    ),
  );
  const calls = repeated(call, {
    min: 1,
    max: forced.parallel && write.parallel !== false ? Infinity : 1,
    separator: next,
  });
  return sequence([first, before, choice === 'required' ? calls : alternatives([answer, calls])]);
}

/** A call of one of the tools. */
function callGrammar(parts: readonly CallPart[], { owner, tools, spell }: ForcedReply): Machine {
  return alternatives(
    Array.from(tools, ([name, schema]) => {
      const values = new ArgumentsGrammar(owner, name, schema);
      return sequence(parts.flatMap((part) => partGrammar(part, name, values, spell)));
    }),
  );
}

function partGrammar(
  part: CallPart,
  name: string,
  values: ArgumentsGrammar,
  spell: (text: string) => string,
): GrammarPart[] {
  if (typeof part === 'string') return [part];
  switch (part.kind) {
    case 'name':
      return [name];
    case 'id':
      return [regularExpression('[0-9]{1,4}')];
    case 'arguments':
      return [values.json()];
    case 'call':
      return [`{"${part.name[0]}": ${JSON.stringify(name)}, "${part.arguments[0]}": `, values.json(), '}'];
    case 'parameters':
      return [values.tagged(part)];
    case 'escaped':
      return [values.escaped(spell('<escape>'))];
    case 'optional':
      return part.written === true ? part.parts.flatMap((inner) => partGrammar(inner, name, values, spell)) : [];
  }
}
