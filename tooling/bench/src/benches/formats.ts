import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fusedWasm, type WeightFormat } from '@tokenwright/backends/wasm';
import type { Engine, LanguageModel } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { files, folder, inspectModel, load, type ModelInput } from '@tokenwright/loaders';
import { type ConversionFormat, convertModel, memorySink } from '@tokenwright/loaders/convert';
import type { Bench, Context } from '../harness/bench.ts';
import { label, plain } from '../models/engines.ts';
import type { Column } from '../report/table.ts';
import { type Fidelity, fidelity, perplexity } from './fidelity.ts';

/** Accuracy of a model in one weight format. */
interface FormatRow extends Fidelity {
  readonly bench: 'formats';
  readonly model: string;
  readonly format: string;
  readonly bytesPerWeight: number;
  readonly perplexity: number;
  /** Relative change of the perplexity; 0.01 is 1% worse. */
  readonly change: number;
  /** Error of the engine alone: against plain TensorFlow.js with the same rounded weights. */
  readonly engineError: number;
  readonly engineChoices: number;
}

interface Subject {
  readonly name: string;
  readonly source: ModelInput;
  /** In the style of the training data, but not part of it. */
  readonly text: string;
}

const formats: readonly (WeightFormat & ConversionFormat)[] = ['f32', 'f16', '8-bit', '8-bit-blocks', '4-bit-blocks'];
const quickTokens = 48;

/** Loss of accuracy of each weight format of the fused WebAssembly engine. */
export const formatsBench: Bench = {
  name: 'formats',
  summary: 'what each weight format costs in accuracy: error of logits and change of perplexity, on trained models',
  async run(context) {
    for (const subject of subjects(context)) {
      const rows = await formatRows(context, subject);
      context.printAs(
        `Weight formats, ${subject.name}, fused wasm against plain TensorFlow.js, over ${rows.tokens} tokens`,
        rows.rows,
        columns,
      );
    }
  },
};

function subjects(context: Context): Subject[] {
  const stories = fileURLToPath(new URL('../../../../../shared/fixtures/stories260k', import.meta.url));
  const all: Subject[] = [{ name: 'demo model story', source: demoModel('story'), text: oldNovel }];
  if (existsSync(stories)) all.push({ name: 'stories260k', source: folder(stories), text: shortStory });
  else context.note('stories260k is left out: there is no ../shared/fixtures/stories260k beside the repository.');
  return all.filter(({ name }) => context.shapeNamed === undefined || name.includes(context.shapeNamed));
}

async function formatRows(
  context: Context,
  { name, source, text }: Subject,
): Promise<{ rows: FormatRow[]; tokens: number }> {
  const reference = await plain('wasm').start();
  try {
    let ids: readonly number[] = [];
    const expected = await onModel(reference, source, (model, encode) => {
      const whole = encode(text).slice(0, model.contextLength);
      ids = context.quick ? whole.slice(0, quickTokens) : whole;
      return logitsOf(model, ids);
    });
    const exact = perplexity(expected, ids);
    const rows: FormatRow[] = [];
    for (const format of formats) {
      if (!label({ engine: 'fused wasm', format, threads: 1 }).includes(context.engine ?? '')) continue;
      const sink = memorySink();
      await convertModel(source, sink, { format });
      const held = files(sink.contents);
      const rounded = await onModel(reference, held, (model) => logitsOf(model, ids));
      const engine = await fusedWasm({ weights: format, threads: 1 }).start();
      try {
        const received = await onModel(engine, source, (model) => logitsOf(model, ids));
        const { bytes, parameters } = await inspectModel(held);
        const own = fidelity(received, rounded);
        const found = perplexity(received, ids);
        rows.push({
          bench: 'formats',
          model: name,
          format,
          bytesPerWeight: bytes / parameters,
          ...fidelity(received, expected),
          perplexity: found,
          change: found / exact - 1,
          engineError: own.largestError,
          engineChoices: own.equalChoices,
        });
      } finally {
        await engine.dispose();
      }
    }
    return { rows, tokens: ids.length };
  } finally {
    await reference.dispose();
  }
}

/** Load a model, use it, and release it. */
async function onModel<T>(
  engine: Engine,
  source: ModelInput,
  use: (model: LanguageModel, encode: (text: string) => number[]) => Promise<T>,
): Promise<T> {
  const { model, tokenizer, dispose } = await load(source, { engine });
  try {
    return await use(model, (text) => [...tokenizer.encode(text)]);
  } finally {
    dispose();
  }
}

/** The logits of every token of a text, [rows][vocabulary]. */
async function logitsOf(model: LanguageModel, ids: readonly number[]): Promise<Float32Array[]> {
  const cache = model.createCache();
  const rows: Float32Array[] = [];
  try {
    for (let first = 0; first < ids.length; first += 128) {
      const part = ids.slice(first, first + 128);
      const result = model.forward([part], cache, { scored: part.length });
      const values = await result.logits.read();
      result.dispose();
      for (const [i] of part.entries()) rows.push(values.slice(i * model.vocabSize, (i + 1) * model.vocabSize));
    }
    return rows;
  } finally {
    cache.dispose();
  }
}

const percent = (share: number, digits: number): string => `${(100 * share).toFixed(digits)} %`;

const columns: readonly Column<FormatRow>[] = [
  { title: 'format', cell: ({ format }) => format, align: 'left' },
  { title: 'bytes a weight', cell: ({ bytesPerWeight }) => bytesPerWeight.toFixed(3), align: 'right' },
  { title: 'largest error', cell: ({ largestError }) => percent(largestError, 4), align: 'right' },
  { title: 'mean error', cell: ({ meanError }) => percent(meanError, 4), align: 'right' },
  { title: 'equal choices', cell: ({ equalChoices }) => percent(equalChoices, 1), align: 'right' },
  { title: 'perplexity', cell: (row) => row.perplexity.toFixed(4), align: 'right' },
  {
    title: 'change',
    cell: ({ change }) => `${change < 0 ? '' : '+'}${percent(change, 3)}`,
    align: 'right',
  },
  { title: "engine's error", cell: ({ engineError }) => percent(engineError, 4), align: 'right' },
  { title: "engine's choices", cell: ({ engineChoices }) => percent(engineChoices, 1), align: 'right' },
];

const oldNovel = `The rain had ceased a little before evening, and the old gentleman, who had sat the whole of the afternoon beside the fire with a book upon his knee, rose at last and went to the window. "It is a strange thing," said he to his sister, "that no letter has come. I expected to hear from your nephew by this morning's post, and here we are at the end of the day without so much as a line from him." Miss Harriet did not look up from her needle. She had her own opinion of young men who promised to write, and she had long ago made up her mind to say nothing about it; but there was something in her brother's voice which troubled her, and after a moment she laid her work aside. "You must not be uneasy, Thomas," she answered gently. "The roads are very bad between here and the town, and I dare say the coach has been delayed." He shook his head and made no reply. Outside, the last light lay upon the wet fields, and the great trees at the end of the lane stood black against the sky. A man was coming slowly up the hill with a lantern in his hand, though it was not yet dark; and as he drew near to the gate they could see that he was no one whom they knew. He stopped, looked up at the house as if he were not sure of the way, and then knocked three times upon the door. "Who can it be, at such an hour?" cried Miss Harriet, and she followed her brother into the hall.`;

const shortStory = `Once upon a time, there was a little cat named Lucy. Lucy lived in a small house near the lake with a girl called Anna. One day, Anna found a red box under her bed. She was very curious and wanted to open it. "Lucy, look at this box!" said Anna. "What is inside?" Lucy looked at the box and jumped on it. The box was big and heavy, and it did not open. Anna asked her dad to help. Dad took the box and opened it with a key. Inside the box there was a soft blue hat. "This was my hat when I was a little boy," said Dad. Anna put the hat on her head and laughed. It was too big for her. Then she put the hat on the floor, and Lucy went to sleep in it. Anna and Dad were very happy. They smiled and said, "Now it is a bed for Lucy."`;
