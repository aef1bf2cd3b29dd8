import { readdir, rename, rm } from 'node:fs/promises';
import { type ConversionFormat, conversionFormats, convertModel, folderSink } from '@tokenwright/loaders/convert';
import type { Command, Given } from '../cli/command.ts';
import { Failure, misuse } from '../cli/failure.ts';
import { interrupt } from '../cli/interrupt.ts';
import { print } from '../cli/output.ts';
import { Progress } from '../cli/progress.ts';
import { note } from '../cli/tell.ts';
import { hubFlags, hubOptions, modelHelp, modelInput, plainer } from '../models.ts';
import { generalFlags } from '../session.ts';
import { jsonLine } from '../show/json.ts';
import { bytesText } from '../show/number.ts';

const ours = 'are our own packed formats, that are smaller and that only Tokenwright reads';

export const convertCommand: Command = {
  name: 'convert',
  about: `Write a model as a folder with config.json, its tokenizer and safetensors, in another number format. f32, f16 and bf16 make folders that other software reads too; 8-bit, 8-bit-blocks and 4-bit-blocks ${ours}.\nThe model may be ${modelHelp}`,
  operands: ['<model>', '<folder>'],
  examples: [
    ['tokenwright convert story ./story-8-bit --format 8-bit', 'a quarter of the size of float32'],
    ['tokenwright convert model.Q8_0.gguf ./model --format f16', 'from GGUF to a Hugging Face folder'],
  ],
  flags: [
    {
      name: 'format',
      short: 'f',
      value: 'FORMAT',
      help: `How matrices are written: ${conversionFormats.join(', ')}. Norms and biases stay float32. Default 8-bit-blocks.`,
      group: 'Conversion',
      choices: conversionFormats,
      closed: true,
    },
    { name: 'json', help: 'What was written, as one JSON object.', group: 'Output' },
    ...hubFlags,
    ...generalFlags,
  ],
  run: convert,
};

async function convert(given: Given): Promise<number | undefined> {
  const [name, folder] = given.operands;
  if (name === undefined || folder === undefined)
    throw misuse('convert wants a model and the folder to write: tokenwright convert model.gguf ./model');
  const format = (given.text('format') ?? '8-bit-blocks') as ConversionFormat;
  await checkTarget(folder);
  // Renamed when it is whole, so that an end in the middle leaves nothing.
  const partial = `${folder.replace(/[/\\]+$/, '')}.partial-${process.pid}`;
  const downloading = new Progress(`downloading ${name}`);
  const converting = new Progress(`converting ${name}`);
  try {
    const report = await convertModel(modelInput(name), folderSink(partial), {
      format,
      hub: hubOptions(given, name, downloading),
      signal: interrupt.signal,
      onNotice(message) {
        converting.clear();
        note(message);
      },
      onProgress(done, total) {
        downloading.clear();
        converting.show(done, total);
      },
    });
    await rename(partial, folder);
    converting.clear();
    if (given.has('json')) print(jsonLine({ folder, format, ...report }));
    else {
      const { bytesBefore, bytesAfter, leftOut } = report;
      const share = Math.round((100 * bytesAfter) / bytesBefore);
      const left = leftOut.length === 0 ? '' : ` Left out, as the family does not use them: ${leftOut.join(', ')}.`;
      print(`${folder}: ${format}, ${bytesText(bytesBefore)} became ${bytesText(bytesAfter)} (${share} %).${left}\n`);
    }
    return undefined;
  } catch (error) {
    throw plainer(error, name);
  } finally {
    downloading.clear();
    converting.clear();
    await rm(partial, { recursive: true, force: true });
  }
}

async function checkTarget(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new Failure(`${folder} cannot be written to: ${error.code === 'ENOTDIR' ? 'it is a file' : error.message}`);
  });
  if (entries.length > 0)
    throw new Failure(
      `${folder} is not empty. Name a folder that is, or that does not exist yet; nothing is overwritten.`,
    );
}
