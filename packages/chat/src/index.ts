export { AnsweredPrompts } from './answered-prompts.ts';
export { Chat, type ChatParts, type SendOptions } from './chat.ts';
export type { ChatMessage, ChatOptions, EncodeChatOptions } from './chat-message.ts';
export { applyChatTemplate, encodeChat, planReply } from './chat-template.ts';
export { ChatTemplateError, type ChatTemplateReason } from './chat-template-error.ts';
export { chatML, plainDialogue } from './common-templates.ts';
export { createChatTemplate } from './create-chat-template.ts';
export { type LiteralMessages, literalMessages } from './literal-content.ts';
export type { ChatEvent, InvalidToolCallEvent, ReasoningEvent, Reply, ToolCallEvent } from './reply/reply.ts';
export type { ReplyOptions, ToolChoice } from './reply/reply-options.ts';
export type { ReplyPlan, ReplyStart } from './reply/reply-plan.ts';
export type { PendingCall, ToolResult } from './reply/tool-results.ts';
export { ToolCallParser, type ToolCallParserOptions } from './tool-call-parser.ts';
export { toolFormatNames } from './tools/formats/tool-formats.ts';
export {
  type ReplyPart,
  type ToolCall,
  ToolCallError,
  type ToolCallReason,
  ToolFormatError,
  ToolSchemaError,
} from './tools/tool-call.ts';
