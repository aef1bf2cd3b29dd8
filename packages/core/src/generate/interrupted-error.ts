/** Thrown by `advance` when the call was aborted or is out of time; `generate` turns it into end events. */
export class InterruptedError {
  readonly reason: 'abort' | 'time';

  constructor(reason: 'abort' | 'time') {
    this.reason = reason;
  }
}
