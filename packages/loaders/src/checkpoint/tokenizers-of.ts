import { LoadError, ParameterError } from '@tokenwright/core';
import type { TokenizerPair } from '../tokenizer/open-tokenizer.ts';
import type { Checkpoint } from './checkpoint.ts';

/**
 * The tokenizers of a checkpoint, which are one object unless sources have their own.
 *
 * @param bare the function that loads models without a tokenizer.
 * @throws LoadError when the checkpoint has none.
 */
export function openTokenizer({ tokenizer, name, kind }: Checkpoint, bare: string): TokenizerPair {
  if (tokenizer !== undefined) return tokenizer.open();
  const sought =
    kind === 'gguf'
      ? 'its metadata has no tokenizer.ggml.model'
      : 'neither tokenizer.json nor vocab.json with merges.txt';
  throw new LoadError(name, `there is no tokenizer: ${sought}. ${bare} loads models without one`);
}

/**
 * The tokenizers of both sides of an encoder-decoder model: those of the options, then the checkpoint's.
 *
 * @param separateVocabularies the model has a token table for each side.
 * @throws LoadError, ParameterError when there is one vocabulary for two token tables, or two for one.
 */
export function tokenizersOf(
  checkpoint: Checkpoint,
  separateVocabularies: boolean,
  { tokenizer, sourceTokenizer }: Partial<TokenizerPair>,
): TokenizerPair {
  const owner = 'loadSequenceToSequence';
  if (tokenizer !== undefined && sourceTokenizer === undefined && separateVocabularies)
    throw new ParameterError(
      owner,
      'sourceTokenizer',
      'given together with tokenizer, since the sources of this model have a vocabulary of their own',
      sourceTokenizer,
    );
  if (tokenizer !== undefined) return { tokenizer, sourceTokenizer: sourceTokenizer ?? tokenizer };
  const opened = openTokenizer(checkpoint, 'loadSequenceToSequenceModel');
  if (sourceTokenizer !== undefined) return { ...opened, sourceTokenizer };
  const { source } = checkpoint.tokenizer!;
  if (separateVocabularies && source === undefined)
    throw new LoadError(
      checkpoint.name,
      'the sources have a vocabulary of their own, but there is one tokenizer for both sides; give the one of the sources as the option sourceTokenizer',
    );
  if (!separateVocabularies && checkpoint.tokenizer!.config.separate_vocabs === true)
    throw new LoadError(
      'tokenizer_config.json',
      'is true, but the model of config.json has one vocabulary for both sides',
      'separate_vocabs',
    );
  return opened;
}
