import { LoadError } from '@tokenwright/core';
import type { HubSettings } from './hub-options.ts';
import { unreachable } from './unreachable.ts';

/** No server of that kind answered; what the cache holds may serve. */
export class UnreachableError extends LoadError {}

/** A failure that may pass: a broken connection, a server in trouble. */
export class PassingFailure extends Error {
  /** Milliseconds that the server asks to wait. */
  readonly wait: number | undefined;
  /** What a person can do about it. */
  readonly advice: string;
  /** False when another attempt is sure to fail as well. */
  readonly passes: boolean;

  constructor(
    message: string,
    options: ErrorOptions & {
      readonly wait?: number | undefined;
      readonly advice?: string;
      readonly passes?: boolean;
    } = {},
  ) {
    super(message, options);
    const { wait, advice = 'Try again later, or give the path of a folder', passes = true } = options;
    this.wait = wait;
    this.advice = advice;
    this.passes = passes;
  }
}

/** A `fetch` for small answers, which tries again after what may pass. */
export function patientFetch(name: string, settings: HubSettings): typeof fetch {
  return (url, init) => {
    const once = async (): Promise<Response> => {
      const { controller, done } = deadline(settings);
      try {
        const response = await request(String(url instanceof Request ? url.url : url), settings, {
          ...init,
          signal: controller.signal,
        });
        // Read here, so that a body that stops short is tried again too.
        const body = await response.arrayBuffer();
        return new Response(response.status === 204 ? null : body, response);
      } finally {
        done();
      }
    };
    return patiently(name, settings, once, undefined, settings.onNotice);
  };
}

/**
 * Do `work` until it succeeds. After a failure that may pass it is done again, later each time; `retries` failures in a row without
 * progress in between are the end.
 *
 * @param progressed whether something came since it was last asked.
 * @param onTrouble receives a sentence when the first attempt fails and another follows.
 * @throws UnreachableError after the last attempt, the signal's reason when it is aborted, at once what else `work` throws.
 */
export async function patiently<Result>(
  name: string,
  { retries, signal, endpoint }: HubSettings,
  work: () => Promise<Result>,
  progressed: () => boolean = () => false,
  onTrouble?: (notice: string) => void,
): Promise<Result> {
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof PassingFailure)) throw error;
      failures = progressed() ? 1 : failures + 1;
      const problem = `${error.message}, from ${endpoint}. ${error.advice}`;
      if (failures > retries || !error.passes) throw new UnreachableError(name, problem, undefined, { cause: error });
      if (failures === 1) onTrouble?.(`${error.message}, from ${endpoint}; trying again. ${error.advice}.`);
      await pause(error.wait ?? Math.min(firstPause * 2 ** (failures - 1), longestPause), signal);
    }
  }
}

/** Milliseconds before the second attempt, and the most before any. */
const firstPause = 300;
const longestPause = 20_000;

/** One request, with the token if it goes to the endpoint. A status that may pass, or no answer at all, is a {@link PassingFailure}. */
export async function request(url: string, settings: HubSettings, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  if (settings.token !== undefined && new URL(url).origin === new URL(settings.endpoint).origin)
    headers.set('authorization', `Bearer ${settings.token}`);
  let response: Response;
  try {
    response = await settings.fetch(url, { ...init, headers });
  } catch (cause) {
    throw passing(cause, settings);
  }
  if (response.status < 500 && response.status !== 429 && response.status !== 408) return response;
  await response.body?.cancel().catch(() => {});
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const wait = Number.isFinite(seconds) ? Math.min(seconds * 1000, longestPause) : undefined;
  throw new PassingFailure(`the server answered ${response.status} again and again`, { wait });
}

/** Why no answer came, and what to do about it. */
export function passing(cause: unknown, { endpoint, signal, unusedProxy }: HubSettings): PassingFailure {
  if (cause instanceof PassingFailure) return cause;
  if (cause === signal?.reason) return new PassingFailure('no answer came (aborted)', { cause });
  const { why, ...rest } = unreachable(cause, endpoint, unusedProxy);
  return new PassingFailure(why, { cause, ...rest });
}

/** Aborts when the caller does, and after `timeout` milliseconds without a byte. */
export function deadline({ timeout, signal }: HubSettings): {
  readonly controller: AbortController;
  alive(): void;
  done(): void;
} {
  const controller = new AbortController();
  const late = (): void => controller.abort(new PassingFailure(`no byte came for ${timeout} ms`));
  let timer = setTimeout(late, timeout);
  const stop = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', stop);
  return {
    controller,
    alive() {
      clearTimeout(timer);
      timer = setTimeout(late, timeout);
    },
    done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    },
  };
}

/** The error for a status, with what to do about it. */
export function refusal(name: string, settings: HubSettings, status: number, cause?: unknown): LoadError {
  const { endpoint, revision, token } = settings;
  const problem = ((): string => {
    if (status === 401)
      return token === undefined
        ? `${endpoint} has no such model that everyone may see (401). For a private one give a token: the option token, or HF_TOKEN`
        : `${endpoint} does not accept the token (401)`;
    if (status === 403)
      return `${endpoint} refuses (403). The model may have conditions to accept at ${endpoint}/${name}, and needs the token of a user who accepted them`;
    if (status === 404) return `${endpoint} has no such model, or none with the revision '${revision}' (404)`;
    return `${endpoint} answered ${status}`;
  })();
  return new LoadError(name, problem, undefined, { cause });
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
