export { Chat, type ChatParts } from './chat.ts';
export type { ChatMessage, ChatOptions, EncodeChatOptions } from './chat-message.ts';
export { applyChatTemplate, encodeChat } from './chat-template.ts';
export { ChatTemplateError, type ChatTemplateReason } from './chat-template-error.ts';
export { chatML, plainDialogue } from './common-templates.ts';
export { createChatTemplate } from './create-chat-template.ts';
export { type LiteralMessages, literalMessages } from './literal-content.ts';
