import { LoadError } from '@tokenwright/core';
import { partsOf } from '../weights/gguf-parts.ts';

/** Small files that a model may have, and that are fetched where they are. */
const small = [
  'config.json',
  'generation_config.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'chat_template.json',
  'special_tokens_map.json',
  'added_tokens.json',
];

/** Names of the weight files, or of the index that names them. */
const single = 'model.safetensors';
/** The index of weights in several files. */
export const shardIndex = 'model.safetensors.index.json';

/**
 * Which of a model's files are needed to run it.
 *
 * @param paths all files of the model.
 * @param file a .gguf file, or a part of its name that tells its quantization; undefined for safetensors, or the only .gguf there is.
 * @returns names; all parts of a GGUF in several files.
 * @throws LoadError when there is no such file, or several, or when a part is missing.
 */
export function neededFiles(repository: string, paths: readonly string[], file: string | undefined): string[] {
  const weights = file === undefined ? safetensorsOf(paths) : undefined;
  if (weights !== undefined) {
    const more = paths.filter((path) => /^additional_chat_templates\/[^/]+\.jinja$/.test(path));
    return [...[...small, ...tokenizerFiles(paths)].filter((path) => paths.includes(path)), ...more, weights];
  }
  return [...ggufsOf(repository, paths, file)];
}

/** The files that a tokenizer is read from, in the order of `readTokenizerFiles`. */
function tokenizerFiles(paths: readonly string[]): readonly string[] {
  const marian = ['source.spm', 'target.spm', 'vocab.json'];
  if (marian.every((path) => paths.includes(path))) return [...marian, 'target_vocab.json'];
  return paths.includes('tokenizer.json') ? ['tokenizer.json', 'source_tokenizer.json'] : ['vocab.json', 'merges.txt'];
}

/** The safetensors file, or the index of several; undefined when there is none, or no way to choose. */
function safetensorsOf(paths: readonly string[]): string | undefined {
  if (paths.includes(single)) return single;
  if (paths.includes(shardIndex)) return shardIndex;
  const others = paths.filter((path) => /^[^/]+\.safetensors$/.test(path));
  return others.length === 1 ? others[0] : undefined;
}

function ggufsOf(repository: string, paths: readonly string[], file: string | undefined): readonly string[] {
  const all = paths.filter((path) => path.endsWith('.gguf') && !/(^|[/._-])mmproj/i.test(path));
  const shown = (names: readonly string[]): string => names.slice(0, 20).join(', ') + (names.length > 20 ? ' …' : '');
  if (all.length === 0 && file === undefined) {
    const others = paths.filter((path) => /\.(bin|pth?|ckpt|h5|msgpack|onnx|safetensors)$/.test(path));
    throw new LoadError(
      repository,
      `has neither ${single} nor a .gguf file; there is: ${shown(others.length > 0 ? others : paths)}`,
    );
  }
  const wanted = file?.toLowerCase();
  const found =
    wanted === undefined
      ? all
      : all.some((path) => path.toLowerCase() === wanted)
        ? all.filter((path) => path.toLowerCase() === wanted)
        : all.filter((path) => quantizationIn(path.toLowerCase(), wanted));
  const parts = partsOf(found[0] ?? '');
  if (parts !== undefined && found.every((path) => parts.includes(path))) {
    const missing = parts.filter((path) => !paths.includes(path));
    if (missing.length > 0) throw new LoadError(repository, `lacks parts of a GGUF: ${shown(missing)}`);
    return parts;
  }
  if (found.length === 1) return found;
  const choices = `there is: ${shown(all)}. Name one: ${repository}:${all[0] ?? 'file.gguf'}`;
  if (found.length === 0) throw new LoadError(repository, `has no .gguf file '${file}'; ${choices}`);
  throw new LoadError(
    repository,
    file === undefined ? `has several .gguf files; ${choices}` : `has several .gguf files for '${file}'; ${choices}`,
  );
}

/** Whether a name contains the quantization as a whole word: 'q4_k' is not in 'model-q4_k_m.gguf'. */
function quantizationIn(path: string, wanted: string): boolean {
  const escaped = wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(^|[/._-])${escaped}(\\.gguf$|[./-])`).test(path);
}
