import { LoadError } from '@tokenwright/core';

/**
 * A server sent a web page where a file should be. Servers of single-page applications answer so, with status 200, for every file
 * that they lack.
 */
export class WebPageError extends LoadError {
  /** The message without the name of the file. */
  readonly problem: string;

  constructor(file: string) {
    const problem = 'the server sent a web page (text/html) instead of the file, so it probably has no such file';
    super(file, problem);
    this.problem = problem;
  }
}

/** @throws WebPageError for an answer that says it is HTML and begins as HTML does. */
export function checkNoWebPage(response: Response, bytes: Uint8Array, name: string): void {
  if (!/^text\/html\b/i.test(response.headers.get('content-type') ?? '')) return;
  const start = new TextDecoder().decode(bytes.subarray(0, 512));
  if (/^\s*<(!doctype|html|head|body|!--)/i.test(start)) throw new WebPageError(name);
}
