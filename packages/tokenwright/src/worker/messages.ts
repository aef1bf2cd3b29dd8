import type { ChainWarning, EngineMemory } from '@tokenwright/core';
import type { LanguageModelInfo, TextScore } from '../model/text-model.ts';
import type { LoadProgress } from '../options/load-options.ts';
import type { BatchTextResult, ChatResult, TextResult } from '../output/text-result.ts';
import type { ErrorData } from './error-data.ts';

/** What a call of each kind returns. */
export interface Results {
  readonly generate: TextResult;
  readonly stream: TextResult;
  readonly chat: ChatResult;
  readonly generateBatch: readonly BatchTextResult[];
  readonly score: TextScore;
  readonly memory: EngineMemory;
}

export type Method = keyof Results;

/** What the page sends. `id` counts calls from 1. */
export type ToWorker =
  | { readonly type: 'load'; readonly source: unknown; readonly options: Readonly<Record<string, unknown>> }
  | {
      readonly type: 'call';
      readonly id: number;
      readonly method: Method;
      readonly argument: unknown;
      readonly options: Readonly<Record<string, unknown>>;
      /** The reader takes warnings about the chain. */
      readonly warns: boolean;
    }
  /** The reader of a call takes this many more pieces. */
  | { readonly type: 'read'; readonly id: number; readonly count: number }
  /** End a call, or with id 0 the loading. */
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'dispose' };

/** What the worker sends. */
export type FromWorker =
  | { readonly type: 'loaded'; readonly info: LanguageModelInfo }
  | { readonly type: 'progress'; readonly progress: LoadProgress }
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'warning'; readonly id: number; readonly warning: ChainWarning }
  | { readonly type: 'piece'; readonly id: number; readonly text: string }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  /** With id 0 of loading. */
  | { readonly type: 'error'; readonly id: number; readonly error: ErrorData }
  | { readonly type: 'disposed' };

/** Pieces that a worker may be ahead of the reader. */
export const piecesAhead = 8;
