/** One message of a chat, as the templates of checkpoints know them. */
export interface ChatMessage {
  /** 'system', 'user', 'assistant', 'tool', or what else a template knows. */
  readonly role: string;
  /** The text, or parts such as `{ type: 'text', text }` where a template knows them; null beside `tool_calls`. */
  readonly content: string | readonly object[] | null;
  /** Further keys that a template may read: `name`, `tool_calls`, `reasoning_content` … */
  readonly [key: string]: unknown;
}

export interface ChatOptions {
  /** Descriptions of functions that the model may call: `{ type: 'function', function: { name, description, parameters } }`. Default none. */
  readonly tools?: readonly object[];
  /** End with what makes the model answer as the assistant. Default true; false for a chat that is complete. */
  readonly addGenerationPrompt?: boolean;
  /** Which template, where a model has several. Default 'tool_use' when there is one and tools are given, else 'default'. */
  readonly template?: string;
  /** Further variables of the template, such as `{ enable_thinking: false }`. Default none. */
  readonly variables?: Readonly<Record<string, unknown>>;
}
