import { readFile } from 'node:fs/promises';
import { Chat, chatML, createChatTemplate, plainDialogue } from '@tokenwright/chat';
import type { ChatTemplate } from '@tokenwright/core';
import { chatCommandNames, readMessages } from '../chat/chat-commands.ts';
import { Conversation } from '../chat/conversation.ts';
import type { Command, Given } from '../cli/command.ts';
import { Failure, misuse } from '../cli/failure.ts';
import { answerFlags, noteReportFlags } from '../options/generate-flags.ts';
import { generalFlags, modelFlags, type Session, withModel } from '../session.ts';
import { watchPrefill } from '../watch-prefill.ts';

const group = 'Chat';
export const chatCommand: Command = {
  name: 'chat',
  about:
    'Talk with a model. Its own chat template turns messages into the text that it was trained on; the conversation stays in its cache, so ' +
    'each turn reads only what is new. With a message as argument, answer it and exit. In a pipe, each line is a message.\n' +
    `While you talk: ${chatCommandNames.join(' ')}. Ctrl-C stops the answer, not the program.`,
  operands: ['[message]'],
  examples: [
    ['tokenwright chat --model HuggingFaceTB/SmolLM2-135M-Instruct', 'downloaded once, then kept'],
    ['tokenwright chat --model model.Q4_K_M.gguf --system "Be brief."', 'a local file'],
    ['tokenwright chat "What is a whale?" -m ./my-model --json', 'one answer, as events'],
    ['tokenwright chat "Paris?" -m ./my-model --schema city.json', 'an answer that conforms to a schema'],
    ['tokenwright chat --template plain', 'the bundled story writer; do not expect sense'],
  ],
  flags: [
    { name: 'system', value: 'TEXT', help: 'The system message.', group },
    { name: 'load', value: 'FILE', help: 'Continue a chat that /save wrote.', group },
    {
      name: 'template',
      value: 'NAME|FILE',
      help: "How messages become a text, instead of the model's own way: chatml, plain (a written dialogue, for models that were not trained to chat), a file with a Jinja template, or the name of one of the model's templates.",
      group,
      choices: ['chatml', 'plain'],
    },
    {
      name: 'variable',
      value: 'NAME=VALUE',
      help: "A variable of the template, as JSON or text, where a model's card names some: enable_thinking=false. May be given several times.",
      group,
      repeats: true,
    },
    {
      name: 'tools',
      value: 'FILE',
      help: 'A JSON file with functions that the model may call, in the form of OpenAI. Calls are shown, not run; their arguments conform to the schemas.',
      group,
    },
    { name: 'json', help: 'One event per line, as JSON, instead of text.', group: 'Output' },
    { name: 'quiet', short: 'q', help: 'No greeting.', group: 'Output' },
    ...answerFlags,
    ...modelFlags,
    ...generalFlags,
  ],
  run(given) {
    noteReportFlags(given);
    return withModel(given, (session) => talk(given, session));
  },
};

async function talk(given: Given, session: Session): Promise<number | undefined> {
  const { chatTemplate, ...template } = await templateOf(given, session);
  const { tokenizer } = session;
  let chat: Chat | undefined;
  const model = watchPrefill(session.model, () => chat?.promptLength ?? 0);
  const tools = await toolsOf(given);
  chat = new Chat({ model, tokenizer, chatTemplate }, { ...template, variables: variablesOf(given), tools });
  try {
    const path = given.text('load');
    if (path !== undefined) chat.messages = await readMessages(path);
    if (given.has('system')) chat.system = given.text('system');
    const conversation = new Conversation(given, chatCommand, session, chat);
    const [message] = given.operands;
    if (message !== undefined) {
      await conversation.say(message);
      return conversation.status;
    }
    return await conversation.run();
  } finally {
    chat.dispose();
  }
}

/** The template of the flags, or the model's; and which of its templates, if the flag names one of several. */
async function templateOf(
  given: Given,
  { chatTemplate, model }: Session,
): Promise<{ readonly chatTemplate: ChatTemplate; readonly template?: string }> {
  const text = given.text('template');
  if (text === 'chatml') return { chatTemplate: chatML };
  if (text === 'plain') return { chatTemplate: plainDialogue };
  if (text !== undefined) {
    if (chatTemplate?.names.includes(text)) return { chatTemplate, template: text };
    const source = await readFile(text, 'utf8').catch(() => {
      throw misuse(`--template wants chatml, plain, or a file with a Jinja template, but there is no file '${text}'.`);
    });
    return { chatTemplate: createChatTemplate(source, chatTemplate?.specialTokens, text) };
  }
  if (chatTemplate !== undefined) return { chatTemplate };
  throw new Failure(
    `${model.name} has no chat template: it was not trained to chat. Take a model that was (--model organization/name), or try --template plain.`,
  );
}

/** The functions in the file of --tools. */
async function toolsOf(given: Given): Promise<readonly object[] | undefined> {
  const path = given.text('tools');
  if (path === undefined) return undefined;
  const text = await readFile(path, 'utf8').catch(() => {
    throw misuse(`--tools wants a JSON file, but '${path}' cannot be read.`);
  });
  const tools = parsedOrText(text);
  if (!Array.isArray(tools))
    throw misuse(`--tools wants a file with a JSON list of functions, but '${path}' has none.`);
  return tools;
}

function variablesOf(given: Given): Record<string, unknown> {
  return Object.fromEntries(
    given.texts('variable').map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw misuse(`--variable wants NAME=VALUE, but '${text}' was given.`);
      return [text.slice(0, at), parsedOrText(text.slice(at + 1))];
    }),
  );
}

/** The value of JSON text, otherwise the text itself. */
function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
