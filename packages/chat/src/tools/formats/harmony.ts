import type { Channel, ToolFormat } from '../tool-format.ts';

/**
 * Messages with a channel: 'analysis' is reasoning, 'commentary' to a function is a call, the rest is text. Source: OpenAI's
 * harmony response format.
 */
export const harmony: ToolFormat = {
  name: 'harmony',
  models: 'gpt-oss',
  tokens: ['<|start|>', '<|channel|>', '<|message|>', '<|constrain|>', '<|end|>', '<|call|>', '<|return|>'],
  recognizes: (template) => template.includes('<|channel|>') && template.includes('<|message|>'),
  reply: {
    kind: 'channels',
    next: '<|start|>assistant',
    headerEnd: '<|message|>',
    ends: ['<|end|>', '<|call|>', '<|return|>'],
    read: readHeader,
    write: {
      text: '<|channel|>final',
      reasoning: '<|channel|>analysis',
      before: ['<|channel|>commentary'],
      beforeEnd: '<|end|>',
      call: '<|channel|>commentary to=functions.',
      callEnd: ' <|constrain|>json',
      end: '<|call|>',
      // The model stops after a call to wait for its result.
      parallel: false,
    },
  },
};

/** The recipient may be before or after the channel: ' to=functions.f<|channel|>commentary json'. */
function readHeader(header: string): Channel {
  const recipient = /\bto=([^\s<]+)/.exec(header)?.[1];
  if (recipient !== undefined && recipient !== 'user')
    return { kind: 'call', name: recipient.replace(/^functions\./, '') };
  const channel = /<\|channel\|>\s*(\w+)/.exec(header)?.[1];
  return { kind: channel === 'analysis' ? 'reasoning' : 'text' };
}
