import { defineSampler } from '@tokenwright/core';
import { choiceOption } from '@tokenwright/core/options';
import { mirostat1Form, mirostat1 as published } from '../controllers/mirostat-1.ts';
import { switchOption } from './switch.ts';

const { definition } = published;

/**
 * Mirostat 1 with `overflow`: what a k of 2^31 or more means. All tokens stay (`'keep-all'`), or only one
 * (`'keep-one'`: llama.cpp, whose k is a 32-bit integer that overflows).
 *
 * @example
 * ```ts
 * mirostat1({ tau: 5, overflow: 'keep-one' });
 * ```
 */
export const mirostat1 = defineSampler({
  ...definition,
  options: {
    ...definition.options,
    overflow: switchOption(
      choiceOption(['keep-all', 'keep-one'], {
        default: 'keep-all',
        help: 'Whether one token stays when k exceeds 32 bits',
      }),
    ),
  },
  create: ({ overflow, ...values }) => mirostat1Form(values, overflow === 'keep-one' ? 2 ** 31 : undefined),
});
