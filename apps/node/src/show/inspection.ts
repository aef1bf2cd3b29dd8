import type { ModelInspection } from '@tokenwright/loaders';
import { fit } from '../cli/terminal.ts';
import { bytesText, countText, grouped } from './number.ts';
import { factLines, headedTable, type TableStyle } from './table.ts';

/** The description of a model. */
export function inspectionLines(model: ModelInspection, style: TableStyle): string[] {
  const { paint } = style;
  const { dimensions, tokenizer, sourceTokenizer } = model;
  const facts: (readonly [string, string])[] = [
    ['family', `${model.family}${model.hasEncoder ? ', an encoder with a decoder' : ''}, from ${kinds[model.kind]}`],
    ['parameters', `${countText(model.parameters)} (${grouped(model.parameters)})`],
    ['stored in', bytesText(model.bytes)],
    ['layers', grouped(dimensions.layers)],
    ['cache heads', `${dimensions.kvHeads} of size ${dimensions.headDim}`],
    ['context', `${grouped(dimensions.contextLength)} tokens`],
    ['vocabulary', `${grouped(dimensions.vocabSize)} tokens`],
    ['cache', cacheText(model)],
    ['tokenizer', tokenizer === undefined ? 'none' : tokenizerText(tokenizer)],
    ...(sourceTokenizer === undefined ? [] : [['of sources', tokenizerText(sourceTokenizer)] as const]),
    ['chat template', model.chatTemplate ? "yes: for 'tokenwright chat'" : 'none: it continues texts'],
  ];
  const column = columnOf(facts);
  const defaults = Object.entries(model.defaults);
  const indented = { ...style, indent: 2 };
  return [
    paint('bold', model.name),
    '',
    ...facts.flatMap(([name, value]) => factLines(name, value, column, indented)),
    '',
    paint('bold', 'Weights'),
    ...headedTable(
      ['format', 'tensors', 'parameters', 'size', 'bits each'],
      model.formats.map(({ format, tensors, parameters, bytes }) => [
        format,
        grouped(tensors),
        countText(parameters),
        bytesText(bytes),
        ((bytes * 8) / parameters).toFixed(2),
      ]),
      ['left', 'right', 'right', 'right', 'right'],
      indented,
    ),
    '',
    paint('bold', 'What will be used, and why'),
    ...choiceLines(model, indented),
    ...(defaults.length === 0 ? [] : ['', paint('bold', 'Defaults of the files')]),
    ...defaults.flatMap(([name, value]) => factLines(name, JSON.stringify(value), columnOf(defaults), indented)),
  ];
}

/** Every tensor, with its shape and how it is stored. */
export function tensorLines(model: ModelInspection, { paint, width }: TableStyle): string[] {
  const rows = model.tensors.map(({ name, shape, format, bytes, used }) => [
    name,
    shape.length === 0 ? 'scalar' : shape.join(' × '),
    format,
    bytesText(bytes),
    used ? '' : 'not used',
  ]);
  const others = Math.max(...rows.map((row) => row.slice(1).reduce((sum, cell) => sum + cell.length + 2, 0)));
  const longest = Math.max(20, width - others - 4);
  return [
    '',
    paint('bold', 'Tensors'),
    ...headedTable(
      ['tensor', 'shape', 'format', 'size', 'note'],
      rows.map(([name = '', ...row]) => [name.length > longest ? fit(name, longest) : name, ...row]),
      ['left', 'right', 'left', 'right', 'left'],
      { paint, width, indent: 2 },
    ),
  ];
}

const kinds: Readonly<Record<ModelInspection['kind'], string>> = {
  safetensors: 'a folder with safetensors',
  gguf: 'a GGUF file',
};

function cacheText({ cacheBytesPerToken, dimensions }: ModelInspection): string {
  const full = cacheBytesPerToken * dimensions.contextLength;
  return `${bytesText(cacheBytesPerToken)} a token as float32 (half of it as float16); ${bytesText(full)} for the whole context`;
}

function tokenizerText({ kind, model, vocabSize, specialTokens }: NonNullable<ModelInspection['tokenizer']>): string {
  return `${model}, ${grouped(vocabSize)} tokens, ${specialTokens} of them special, from ${kind}`;
}

function choiceLines({ choices }: ModelInspection, style: TableStyle): string[] {
  const column = Math.max(...choices.map(({ part }) => part.length)) + 2;
  return choices.flatMap(({ part, choice, reason }) => factLines(part, `${choice}: ${reason}`, column, style));
}

/** The column of the values of some facts. */
function columnOf(facts: readonly (readonly [string, unknown])[]): number {
  return Math.max(...facts.map(([name]) => name.length)) + 2;
}
