import type { ModelInspection } from '@tokenwright/loaders';
import { fit, type Paint, wrap } from '../cli/terminal.ts';
import { bytesText, countText, grouped } from './number.ts';
import { tableLines } from './table.ts';

interface Style {
  readonly paint: Paint;
  readonly width: number;
}

/** The description of a model. */
export function inspectionLines(model: ModelInspection, style: Style): string[] {
  const { paint } = style;
  const { dimensions, tokenizer } = model;
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
    ['chat template', model.chatTemplate ? "yes: for 'tokenwright chat'" : 'none: it continues texts'],
  ];
  const column = Math.max(...facts.map(([name]) => name.length)) + 2;
  const defaults = Object.entries(model.defaults);
  return [
    paint('bold', model.name),
    '',
    ...facts.flatMap(([name, value]) => fact(name, value, column, style)),
    '',
    paint('bold', 'Weights'),
    ...tableLines(
      [
        ['format', 'tensors', 'parameters', 'size', 'bits each'].map((text) => paint('dim', text)),
        ...model.formats.map(({ format, tensors, parameters, bytes }) => [
          format,
          grouped(tensors),
          countText(parameters),
          bytesText(bytes),
          ((bytes * 8) / parameters).toFixed(2),
        ]),
      ],
      ['left', 'right', 'right', 'right', 'right'],
    ).map((line) => `  ${line}`),
    '',
    paint('bold', 'What will be used, and why'),
    ...choiceLines(model, style),
    ...(defaults.length === 0 ? [] : ['', paint('bold', 'Defaults of the files')]),
    ...defaults.flatMap(([name, value]) => fact(name, JSON.stringify(value), 20, style)),
  ];
}

/** Every tensor, with its shape and how it is stored. */
export function tensorLines(model: ModelInspection, { paint, width }: Style): string[] {
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
    ...tableLines(
      rows.map(([name = '', ...row]) => [name.length > longest ? fit(name, longest) : name, ...row]),
      ['left', 'right', 'left', 'right', 'left'],
    ).map((line) => `  ${line}`),
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

function choiceLines({ choices }: ModelInspection, style: Style): string[] {
  const column = Math.max(...choices.map(({ part }) => part.length)) + 2;
  return choices.flatMap(({ part, choice, reason }) => fact(part, `${choice}: ${reason}`, column, style));
}

/** A name with its value, wrapped. */
function fact(name: string, value: string, column: number, { paint, width }: Style): string[] {
  const lines = wrap(value, Math.max(30, width - column - 2));
  return lines.map((line, row) => `  ${row === 0 ? paint('cyan', name.padEnd(column)) : ' '.repeat(column)}${line}`);
}
