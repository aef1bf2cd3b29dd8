import { cachedModels, removeCachedModel } from '@tokenwright/loaders';
import type { Command } from '../cli/command.ts';
import { Failure } from '../cli/failure.ts';
import { print } from '../cli/output.ts';
import { paintFor, widthOf } from '../cli/terminal.ts';
import { generalFlags } from '../session.ts';
import { jsonLine } from '../show/json.ts';
import { bytesText } from '../show/number.ts';
import { factLines, headedTable } from '../show/table.ts';

const bundledModels: readonly (readonly [name: string, what: string])[] = [
  ['story', 'continues a text in the style of old books (12 MB)'],
  ['story-amateur', 'a smaller model with the same tokenizer, for contrastive and speculative decoding (1 MB)'],
  ['translate', 'simple German sentences to English (1 MB)'],
];

const bundledColumn = Math.max(...bundledModels.map(([name]) => name.length)) + 2;

export const modelsCommand: Command = {
  name: 'models',
  about:
    "List the bundled models and the models downloaded from the Hugging Face Hub. The cache is HF_HUB_CACHE, or ~/.cache/huggingface/hub, and is shared with Hugging Face's Python tools. A model can also be a folder or a .gguf file.",
  operands: [],
  examples: [
    ['tokenwright models', 'names and sizes'],
    ['tokenwright models --remove openai-community/gpt2', 'make room'],
  ],
  flags: [
    { name: 'remove', value: 'NAME', help: 'Remove a downloaded model from the cache.', group: 'Cache' },
    { name: 'json', help: 'One model a line, as JSON.', group: 'Output' },
    ...generalFlags,
  ],
  async run(given) {
    const cached = await cachedModels();
    const remove = given.text('remove');
    if (remove !== undefined) {
      const model = cached.find(({ name }) => name === remove);
      if (model === undefined) throw new Failure(`The cache has no model '${remove}'; 'tokenwright models' lists all.`);
      await removeCachedModel(remove);
      print(given.has('json') ? jsonLine({ removed: model }) : `${remove} is removed: ${bytesText(model.bytes)}.\n`);
      return undefined;
    }
    if (given.has('json')) {
      for (const [name] of bundledModels) print(jsonLine({ name, bundled: true }));
      for (const model of cached) print(jsonLine(model));
      return undefined;
    }
    const paint = paintFor(process.stdout);
    const style = { paint, width: widthOf(process.stdout), indent: 2 };
    const rows = cached.map(({ name, bytes, revisions }) => [name, bytesText(bytes), revisions.join(', ')]);
    const lines = [
      paint('bold', 'Bundled'),
      ...bundledModels.flatMap(([name, about]) => factLines(name, about, bundledColumn, style)),
      '',
      paint('bold', 'From the hub, in the cache'),
      ...(rows.length === 0
        ? ['  none yet; --model organization/name downloads one']
        : headedTable(['model', 'size', 'revisions'], rows, ['left', 'right', 'left'], style)),
    ];
    print(`${lines.join('\n')}\n`);
    return undefined;
  },
};
