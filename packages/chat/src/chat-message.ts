/** One message of a chat, in the form that chat templates read. */
export interface ChatMessage {
  /** 'system', 'developer', 'user', 'assistant', 'tool', or another role that the template knows. */
  readonly role: string;
  /**
   * The text, or parts of it: `[{ type: 'text', text }]`. Null, or left out, together with `tool_calls`. A template that reads
   * no parts gets their texts joined without anything between them.
   */
  readonly content?: string | readonly object[] | null | undefined;
  /**
   * More keys that a template may read: `name`, `tool_calls`, `reasoning_content` and so on. The arguments of a tool call may be
   * an object, or its JSON text as in OpenAI's API.
   */
  readonly [key: string]: unknown;
}

/** Options of `encodeChat` and `Chat` beside those of the template. */
export interface EncodeChatOptions extends ChatOptions {
  /**
   * Take special tokens that users and tools write for plain text, so that they cannot end a message or begin another. Those
   * of the template, of system messages and of the assistant stay. Default false, as in other systems.
   */
  readonly literalContent?: boolean | undefined;
}

/** Options of `applyChatTemplate`, `encodeChat` and, but for how the text ends, `Chat`. */
export interface ChatOptions {
  /** Functions that the model may call: `{ type: 'function', function: { name, description, parameters } }`. Default none. */
  readonly tools?: readonly object[] | undefined;
  /** End with the text that makes the model answer as the assistant. Default true, unless `continueFinalMessage` is; false for a complete chat. */
  readonly addGenerationPrompt?: boolean | undefined;
  /** End inside the last message, so that the model continues its text. Excludes `addGenerationPrompt`. Default false. */
  readonly continueFinalMessage?: boolean | undefined;
  /** The template of a model that has several. Default 'tool_use' when it exists and tools are given, otherwise 'default'. */
  readonly template?: string | undefined;
  /** More variables for the template, such as `{ enable_thinking: false }`. One that it does not read is an error. Default none. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}
