import { files } from '@tokenwright/loaders';
import { type LocalModel, languageModel } from 'tokenwright';
import { replyOptions } from './chat-targets.ts';
import { callOptions, scoreOptions } from './core-targets.ts';
import { options, type Parameter, type Target, types } from './target.ts';

const loose = (name: string, type: Parameter['type'] = types.any, valid?: unknown): Parameter => ({
  name,
  type,
  valid,
});

let opened: Promise<LocalModel> | undefined;

/** One small model for all calls: each must leave it usable. */
export function model(): Promise<LocalModel> {
  opened ??= languageModel('story-amateur', {
    engine: 'fused-wasm',
    threads: 1,
    weights: 'f32',
    chatTemplate: '{{ messages[-1].content }}',
    // A schema that says little is cut off by the default limit.
    onNotice: () => {},
  });
  return opened;
}

const flat = (['temperature', 'topK', 'topP', 'minP', 'numBeams', 'lengthPenalty'] as const).map((name) =>
  loose(name, types.number),
);
const call: readonly Parameter[] = [
  ...callOptions.filter(
    ({ name }) => !['explain', 'preset', 'steps', 'tokenizer', 'numReturnSequences'].includes(name),
  ),
  ...flat,
  // The smallest number makes logits infinite, which is an error of the stage.
  { ...loose('repetitionPenalty', types.number), alsoNamed: ['repetition-penalty'] },
  loose('noRepeatNgramSize', types.integer),
  loose('suppressTokens', types.ids),
  loose('badWordsIds', types.list),
  loose('logitBias', types.record),
  loose('earlyStopping', (value) => types.flag(value) || value === 'never'),
  loose('penaltyAlpha', types.number),
  // What a schema says wrongly is named by its JSON pointer.
  { ...loose('schema', (value) => types.record(value) || types.callback(value)), alsoNamed: ['#'] },
  loose('regex', (value) => types.text(value) || value instanceof RegExp),
  loose('choices', types.list),
  loose('grammar', (value) => types.text(value) || types.record(value)),
  loose('schemaOptions', types.record),
];
/** A proxy that has every name may fail at the first option that is checked. */
const callObject: Parameter = { ...options, alsoNamed: [...(options.alsoNamed ?? []), 'numReturnSequences'] };
const prompt: Parameter = {
  name: 'prompt',
  type: (value) => types.text(value) || types.ids(value),
  valid: 'Once',
  alsoNamed: ['positions', 'at least one token'],
};
const loadOptions: readonly Parameter[] = [
  loose('engine', types.any),
  loose('weights', types.text),
  loose('threads', types.integer),
  loose('worker', (value) => types.flag(value) || types.text(value)),
  loose('hub', types.record),
  loose('file', types.text),
  loose('name', types.text),
  loose('contextLength', types.integer),
  loose('architectures', types.list),
  loose('chatTemplate', types.any),
  loose('tokenizer', types.any),
  loose('onProgress', types.callback),
  loose('onNotice', types.callback),
  loose('signal', types.signal),
];

export const frontDoorTargets: readonly Target[] = [
  {
    name: 'languageModel',
    parameters: [
      {
        name: 'source',
        type: types.any,
        valid: undefined,
        alsoNamed: ['no such', 'config.json', 'is not', 'there is no', 'GGUF'],
      },
      options,
    ],
    options: loadOptions.filter(({ name }) => name !== 'worker'),
    async call(source, given) {
      try {
        await (
          await languageModel((source === undefined ? files(new Map(), 'empty') : source) as never, given as never)
        ).dispose();
      } catch (error) {
        if (error instanceof Error && /empty/.test(error.message)) return;
        throw error;
      }
    },
  },
  {
    name: 'lm.generate',
    parameters: [prompt, callObject],
    options: call,
    call: async (...given) => ((await model()).generate as (...all: unknown[]) => unknown).apply(await model(), given),
  },
  {
    name: 'lm.stream',
    parameters: [prompt, callObject],
    options: [loose('maxNewTokens', types.integer, 1)],
    async call(...given) {
      const lm = await model();
      for await (const _ of (lm.stream as (...all: unknown[]) => AsyncIterable<string>).apply(lm, given));
    },
  },
  {
    name: 'lm.chat',
    parameters: [
      {
        name: 'messages',
        type: types.list,
        valid: [{ role: 'user', content: 'Once' }],
        alsoNamed: ['positions', 'at least one token'],
      },
      callObject,
    ],
    options: [
      loose('maxNewTokens', types.integer, 1),
      loose('template', types.text),
      loose('variables', types.record),
      loose('literalContent', types.flag),
      // Continuing needs a last message of the assistant.
      { ...loose('continueFinalMessage', types.flag), alsoNamed: ['messages'] },
      ...replyOptions,
    ],
    call: async (...given) => ((await model()).chat as (...all: unknown[]) => unknown).apply(await model(), given),
  },
  {
    name: 'lm.generateBatch',
    parameters: [{ ...prompt, name: 'prompts', type: types.list, valid: ['Once'] }, options],
    options: [loose('maxNewTokens', types.integer, 1)],
    call: async (...given) =>
      ((await model()).generateBatch as (...all: unknown[]) => unknown).apply(await model(), given),
  },
  {
    name: 'lm.score',
    parameters: [{ ...prompt, name: 'text', alsoNamed: ['ids', 'positions'] }, options],
    options: [...scoreOptions, loose('source', () => false)],
    call: async (...given) => ((await model()).score as (...all: unknown[]) => unknown).apply(await model(), given),
  },
];
