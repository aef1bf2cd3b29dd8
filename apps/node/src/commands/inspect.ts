import { inspectModel, type ModelInspection } from '@tokenwright/loaders';
import type { Command, Given } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { interrupt } from '../cli/interrupt.ts';
import { print } from '../cli/output.ts';
import { Progress } from '../cli/progress.ts';
import { paintFor, widthOf } from '../cli/terminal.ts';
import { hubFlags, hubOptions, modelHelp, modelInput, plainer } from '../models.ts';
import { generalFlags } from '../session.ts';
import { inspectionLines, tensorLines } from '../show/inspection.ts';
import { jsonLine } from '../show/json.ts';

export const inspectCommand: Command = {
  name: 'inspect',
  about: `Look at a model without loading its weights: family, parameters, number formats, cache, tokenizer, and whether Tokenwright can run it.\nThe model may be ${modelHelp}`,
  operands: ['<model>'],
  examples: [
    ['tokenwright inspect story', 'a bundled model'],
    ['tokenwright inspect model.Q4_K_M.gguf --tensors', 'a GGUF file, with every tensor'],
    ['tokenwright inspect ./my-model --json | jq .parameters', 'for programs'],
  ],
  flags: [
    { name: 'tensors', help: 'List every tensor too.', group: 'Output' },
    { name: 'json', help: 'One JSON object instead of text, tensors included.', group: 'Output' },
    ...hubFlags,
    ...generalFlags,
  ],
  async run(given) {
    const [name] = given.operands;
    if (name === undefined) throw misuse('inspect wants a model: a folder, a .gguf file, a name on the hub, or story.');
    const model = await inspected(given, name);
    if (interrupt.status !== undefined) return interrupt.status;
    if (given.has('json')) print(jsonLine(model));
    else {
      const style = { paint: paintFor(process.stdout), width: Math.min(100, widthOf(process.stdout)) };
      const lines = [...inspectionLines(model, style), ...(given.has('tensors') ? tensorLines(model, style) : [])];
      print(`${lines.join('\n')}\n`);
    }
    return undefined;
  },
};

async function inspected(given: Given, name: string): Promise<ModelInspection> {
  const progress = new Progress(`downloading ${name}`);
  try {
    return await inspectModel(modelInput(name), { hub: hubOptions(given, name, progress) });
  } catch (error) {
    throw plainer(error, name);
  } finally {
    progress.clear();
  }
}
