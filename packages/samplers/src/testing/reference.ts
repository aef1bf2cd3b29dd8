import { describeSamplers, type OptionDescription, type SamplerDescription } from '../composition/describe.ts';

const start = '<!-- reference: written by `pnpm --filter @tokenwright/samplers reference` -->';
const end = '<!-- end of reference -->';

/** A README with its reference table written from the declarations. */
export function withReference(readme: string): string {
  const [before, rest] = readme.split(start);
  const [, after] = (rest ?? '').split(end);
  if (before === undefined || after === undefined) throw new Error('The README has no place for the reference.');
  return `${before}${start}\n\n${reference()}\n\n${end}${after}`;
}

/** All samplers by kind, with their options. */
export function reference(samplers: readonly SamplerDescription[] = describeSamplers()): string {
  const kinds = [...new Set(samplers.map(({ kind }) => kind))].sort();
  return kinds
    .map((kind) =>
      section(
        kind,
        samplers.filter((sampler) => sampler.kind === kind),
      ),
    )
    .join('\n\n');
}

function section(kind: string, samplers: readonly SamplerDescription[]): string {
  const rows = samplers.flatMap(({ factory, summary, source, options }) => [
    row(`**\`${factory}\`**`, source === undefined ? summary : `${summary} (${source})`, '', '', ''),
    ...options.map((option) =>
      row(`\`${option.name}\``, option.help, option.allowed ?? option.kind, defaultOf(option), code(option.off)),
    ),
  ]);
  return [
    `### ${kind}`,
    '',
    row('Sampler and options', 'What it does', 'Allowed', 'Default', 'Off'),
    row('---', '---', '---', '---', '---'),
    ...rows,
  ].join('\n');
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function defaultOf({ required, default: value }: OptionDescription): string {
  return required ? 'required' : code(value);
}

function code(value: unknown): string {
  return value === undefined ? '' : `\`${typeof value === 'string' ? `'${value}'` : JSON.stringify(value)}\``;
}
