import { ParameterError } from '../../errors.ts';

/** Another returned value than the row itself would be ignored, and a promise would finish too late. */
export function checkEditedInPlace(name: string, returned: unknown, logits: Float32Array): void {
  if (returned === undefined || returned === logits) return;
  const got = returned instanceof Promise ? 'a promise' : returned;
  throw new ParameterError(
    name,
    'onHost',
    'a synchronous function that edits logits in place and returns nothing',
    got,
  );
}
