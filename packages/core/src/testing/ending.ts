import type { Finish } from '../generate/contract/finish.ts';

/** How a sequence ended, as one short text for tests: 'length', 'length: context', 'stop: 2', 'stop: END', 'stop: condition'. */
export function ending({ finishReason, stopReason }: Finish): string {
  return stopReason === undefined ? finishReason : `${finishReason}: ${stopReason}`;
}
