import { TokenwrightError } from '../../errors.ts';

/** Thrown by `run.advance` when the call was aborted or ran out of time. `generate` turns it into end events. */
export class InterruptedError extends TokenwrightError {
  override readonly name: string = 'InterruptedError';
  readonly reason: 'abort' | 'timeout';

  constructor(reason: 'abort' | 'timeout') {
    super(reason === 'abort' ? 'The call was aborted.' : 'The call ran out of time.');
    this.reason = reason;
  }
}
