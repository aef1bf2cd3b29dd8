import type { ChatTemplate } from '@tokenwright/core';
import { createChatTemplate } from './create-chat-template.ts';

/**
 * The format that most models without one of their own come nearest to: `<|im_start|>role`, the text, `<|im_end|>`. The model must have
 * these two tokens to make sense of it.
 */
export const chatML: ChatTemplate = createChatTemplate(
  `{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}` +
    `{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`,
  {},
  'ChatML',
);

/**
 * A written dialogue, for models that only know how to go on with a text: 'User: …', 'Assistant: …'. Give the stop string '\nUser:'.
 */
export const plainDialogue: ChatTemplate = createChatTemplate(
  `{% for message in messages %}{% if message.role == 'system' %}{{ message.content + '\\n\\n' }}` +
    // What the model said is left as it was, so that its tokens are found again.
    `{% else %}{{ message.role[0:1] | upper + message.role[1:] + ':' }}` +
    `{{ message.content if message.content[0:1] | trim == '' else ' ' + message.content }}{{ '\\n' }}{% endif %}{% endfor %}` +
    `{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}`,
  {},
  'plain dialogue',
);
