/**
 * A model's chat format: its Jinja templates, as data. `load` reads it from the model's files, and `@tokenwright/chat`
 * renders it.
 */
export interface ChatTemplate {
  /** The model's name, for error messages. */
  readonly model: string;
  /** Names of the templates. Most models have one, named 'default'. */
  readonly names: readonly string[];
  /** Jinja source of each template, by name. */
  readonly sources: Readonly<Record<string, string>>;
  /** Special tokens by their names in templates: `bos_token`, `eos_token` and so on. */
  readonly specialTokens: Readonly<Record<string, string>>;
}
