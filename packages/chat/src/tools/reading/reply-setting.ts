import type { ToolDefinitions } from '../tool-definitions.ts';
import type { ChannelReply, MarkedReply, ReasoningFormat } from '../tool-format.ts';

/** What is known about a reply before it begins. Its texts are spelled as the reply spells them: special tokens with a mark. */
export interface ReplySetting {
  /** How calls are written. Undefined: there are none. */
  readonly reply: MarkedReply | ChannelReply | undefined;
  readonly reasoning: ReasoningFormat | undefined;
  /** The prompt ends inside the reasoning. */
  readonly inReasoning: boolean;
  /** The prompt ends inside the answer. */
  readonly inText: boolean;
  /** The tools by name. Undefined: every name is one. */
  readonly tools: ToolDefinitions | undefined;
  /** The id of a call to which the model gives none. */
  nextId(): string;
  /** A text with its special tokens marked. */
  spell(text: string): string;
}
