/**
 * Why a template gave no text: it is not valid Jinja (`syntax`), it refused its input on purpose (`raised`), an operation failed
 * (`failed`), it uses something that is not supported here (`unsupported`), or it asked for too much work or memory (`limit`).
 */
export type ProblemKind = 'syntax' | 'raised' | 'failed' | 'unsupported' | 'limit';

/** A problem of a template. The line is that of the source, from 1; undefined when it is not known yet. */
export class TemplateProblem extends Error {
  readonly kind: ProblemKind;
  line: number | undefined;

  constructor(kind: ProblemKind, message: string, line?: number) {
    super(message);
    this.kind = kind;
    this.line = line;
  }
}

/** An operation that fails in Python too. */
export function failed(message: string): TemplateProblem {
  return new TemplateProblem('failed', message);
}

/** An operation that Jinja2 has and this renderer does not. */
export function unsupported(construct: string): TemplateProblem {
  return new TemplateProblem('unsupported', `${construct} is not supported`);
}
