/**
 * One part of the text of a call. Texts are exact but for white space at their ends, which models write as they like.
 *
 * - `name`: the name of the tool, up to the next text.
 * - `id`: an id that the model gives the call, up to the next text. With `of`, it is the number of the call, and `of` makes the id.
 * - `arguments`: a JSON object.
 * - `call`: a JSON object with the name and the arguments under these keys. The first of each is the one that is written.
 * - `parameters`: one tagged value per argument; a value is the text itself where the schema says string, otherwise JSON.
 * - `escaped`: FunctionGemma's object, whose texts are between two `<escape>`.
 * - `optional`: parts that are read where they occur, and written only with `written`.
 */
export type CallPart =
  | string
  | { readonly kind: 'name' }
  | { readonly kind: 'id'; readonly of?: (name: string, number: string) => string }
  | { readonly kind: 'arguments' }
  | { readonly kind: 'call'; readonly name: readonly string[]; readonly arguments: readonly string[] }
  | ({ readonly kind: 'parameters' } & ParameterTags)
  | { readonly kind: 'escaped' }
  | { readonly kind: 'optional'; readonly parts: readonly CallPart[]; readonly written?: boolean };

/** The texts around the name and the value of an argument. */
export interface ParameterTags {
  readonly begin: string;
  /** Between the name and the value. */
  readonly between: string;
  readonly end: string;
}

/** A reply that is text, in which calls are marked. */
export interface MarkedReply {
  readonly kind: 'marked';
  /** The text before all calls. Undefined: each call begins with a text of its own. */
  readonly open?: string;
  /** Other texts that models write instead of `open`. */
  readonly alsoOpen?: readonly string[];
  /** The calls are the items of a JSON list. */
  readonly list?: boolean;
  readonly call: readonly CallPart[];
  /** What is written between calls. */
  readonly between: string;
  /** The text after all calls; undefined for none. */
  readonly close?: string;
  /** A reply that begins with a JSON object that looks like a call is one, without any mark. */
  readonly bare?: boolean;
  /** Whether the model can write several calls in one reply. Default true. */
  readonly parallel?: boolean;
}

/** A reply that is a sequence of messages, each with a header that says what it is. */
export interface ChannelReply {
  readonly kind: 'channels';
  /** Text before the header of each message but the first, which the prompt has. */
  readonly next: string;
  /** Text between the header and the message. */
  readonly headerEnd: string;
  /** Texts that end a message before the next one. */
  readonly ends: readonly string[];
  /** What a header says. */
  readonly read: (header: string) => Channel;
  /** How messages are written. */
  readonly write: {
    /** The header of the answer. */
    readonly text: string;
    /** The header of reasoning; undefined where there is none. */
    readonly reasoning?: string;
    /** Headers of texts before the last message. */
    readonly before: readonly string[];
    /** The text after a message before the last. */
    readonly beforeEnd: string;
    /** The header of a call is `call`, the name of the tool, and `callEnd`. */
    readonly call: string;
    readonly callEnd: string;
    /** The text after the arguments; '' for none. It may also be the end token. */
    readonly end: string;
    /** Whether the model can write several calls in one reply. Default true. */
    readonly parallel?: boolean;
  };
}

/** What a message is. */
export type Channel =
  | { readonly kind: 'text' }
  | { readonly kind: 'reasoning' }
  | { readonly kind: 'call'; readonly name: string };

/** How the models of one family write tool calls. */
export interface ToolFormat {
  /** The name that `toolFormat` takes. */
  readonly name: string;
  /** Models that write it. */
  readonly models: string;
  /** Texts that are tokens of their own in vocabularies of these models. */
  readonly tokens: readonly string[];
  /** Whether the source of a chat template is one of this format. */
  readonly recognizes: (template: string) => boolean;
  readonly reply: MarkedReply | ChannelReply;
  /** The variable in which the template reads the tools. Default 'tools'. */
  readonly toolsVariable?: string;
  /** The template reads the tools, as JSON, under this key of the system message. */
  readonly toolsInSystem?: string;
}

/** How the models of one family mark their reasoning. */
export interface ReasoningFormat {
  readonly name: string;
  readonly open: string;
  readonly close: string;
  /** Texts around the answer that are not part of it. */
  readonly answer?: { readonly open: string; readonly close: string };
  readonly recognizes: (template: string) => boolean;
}
