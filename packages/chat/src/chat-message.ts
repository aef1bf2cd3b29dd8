/** One message of a chat, in the form that chat templates read. */
export interface ChatMessage {
  /** 'system', 'user', 'assistant', 'tool', or another role that the template knows. */
  readonly role: string;
  /** The text, or parts such as `{ type: 'text', text }` if the template supports them; null together with `tool_calls`. */
  readonly content: string | readonly object[] | null;
  /** More keys that a template may read: `name`, `tool_calls`, `reasoning_content` and so on. */
  readonly [key: string]: unknown;
}

/** Options of `encodeChat` and `Chat` beside those of the template. */
export interface EncodeChatOptions extends ChatOptions {
  /**
   * Take special tokens that users and tools write for plain text, so that they cannot end a message or begin another. Those
   * of the template, of system messages and of the assistant stay. Default false, as in other systems.
   */
  readonly literalContent?: boolean;
}

/** Options of `applyChatTemplate`, `encodeChat` and, but for the generation prompt, `Chat`. */
export interface ChatOptions {
  /** Functions that the model may call: `{ type: 'function', function: { name, description, parameters } }`. Default none. */
  readonly tools?: readonly object[];
  /** End with the text that makes the model answer as the assistant. Default true; false for a complete chat. */
  readonly addGenerationPrompt?: boolean;
  /** The template of a model that has several. Default 'tool_use' when it exists and tools are given, otherwise 'default'. */
  readonly template?: string;
  /** More variables for the template, such as `{ enable_thinking: false }`. Default none. */
  readonly variables?: Readonly<Record<string, unknown>>;
}
