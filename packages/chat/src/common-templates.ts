import type { ChatTemplate } from '@tokenwright/core';
import { createChatTemplate } from './create-chat-template.ts';

/**
 * The most common chat format: `<|im_start|>role`, the text, `<|im_end|>`. It only makes sense for a model that has these two tokens.
 */
export const chatML: ChatTemplate = createChatTemplate(
  `{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}` +
    `{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`,
  {},
  'ChatML',
);

/**
 * A written dialogue, 'User: ...' and 'Assistant: ...', for models that only continue a text. Use it with the stop string '\nUser:'.
 */
export const plainDialogue: ChatTemplate = createChatTemplate(
  `{% for message in messages %}{% if message.role == 'system' %}{{ message.content + '\\n\\n' }}` +
    // An answer stays exactly as it was generated, so that its tokens are found in the cache.
    `{% else %}{{ message.role[0:1] | upper + message.role[1:] + ':' }}` +
    `{{ message.content if message.content[0:1] | trim == '' else ' ' + message.content }}{{ '\\n' }}{% endif %}{% endfor %}` +
    `{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}`,
  {},
  'plain dialogue',
);
