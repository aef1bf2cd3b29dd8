import { ParameterError } from '@tokenwright/core';
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkSignal,
  checkString,
  readOptions,
} from '@tokenwright/core/options';
import { nodeFiles } from '../sources/byte-source.ts';
import { checkFileName } from '../sources/model-source.ts';
import { unusedProxy } from './unreachable.ts';

/** How models are downloaded from a hub: huggingface.co, or a server with the same HTTP API. */
export interface HubOptions {
  /** Branch, tag or commit. Default 'main'. */
  readonly revision?: string;
  /**
   * Access token, for private models and those with conditions; false sends none. Default in Node: `HF_TOKEN`, or the file that
   * `hf auth login` wrote; in a browser none. It is sent to the endpoint alone.
   */
  readonly token?: string | false;
  /** The hub. Default: `HF_ENDPOINT`, or https://huggingface.co. */
  readonly endpoint?: string;
  /**
   * Node: the cache folder, shared with Python; default `HF_HUB_CACHE`, or `HF_HOME`/hub, or ~/.cache/huggingface/hub. Browser: a
   * directory of the origin's private file system; default 'tokenwright-hub'.
   */
  readonly cache?: string;
  /** Use the cache only: a file that it lacks is an error. Default: `HF_HUB_OFFLINE`, or false. */
  readonly offline?: boolean;
  /** Attempts in a row that may bring nothing before a download fails. Default 5; 0 tries once. */
  readonly retries?: number;
  /** An attempt fails after this many milliseconds without a byte. Default 30,000. */
  readonly timeout?: number;
  /** What fetches. Default: the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Called as bytes arrive. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Receives notices that are not errors, such as a hub that cannot be reached while the cache has the model. */
  readonly onNotice?: (notice: string) => void;
  /** Stops the download. The bytes so far are kept, and the next download continues from there. */
  readonly signal?: AbortSignal;
}

/** How far the files of one model are. */
export interface DownloadProgress {
  /** The file that grew last. */
  readonly file: string;
  /** Bytes of all files that are there, those of the cache included. */
  readonly loaded: number;
  /** Bytes of all files that are needed. */
  readonly total: number;
}

/** The options with everything decided. */
export interface HubSettings {
  readonly revision: string;
  readonly token: string | undefined;
  readonly endpoint: string;
  readonly cache: string;
  readonly offline: boolean;
  readonly retries: number;
  readonly timeout: number;
  readonly fetch: typeof fetch;
  /** The environment variable of a proxy that is set, but not used. */
  readonly unusedProxy: string | undefined;
  readonly onProgress: ((progress: DownloadProgress) => void) | undefined;
  readonly onNotice: ((notice: string) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

const optionNames = [
  'revision',
  'token',
  'endpoint',
  'cache',
  'offline',
  'retries',
  'timeout',
  'fetch',
  'onProgress',
  'onNotice',
  'signal',
];

/** @throws UnknownOptionError, ParameterError for a value of the wrong type. */
export function checkHubOptions(owner: string, given: HubOptions, parameter = 'options'): HubOptions {
  const options = readOptions(owner, given, optionNames, parameter);
  const { token, offline, fetch: request, onProgress, onNotice, signal } = options;
  for (const name of ['revision', 'endpoint', 'cache'] as const)
    if (options[name] !== undefined) checkString(owner, name, options[name]);
  const { cache } = options;
  if (cache !== undefined && (cache === '' || cache.length > 4096 || cache.includes('\0')))
    throw new ParameterError(owner, 'cache', 'the path of a folder', cache);
  if (token !== undefined && token !== false) checkString(owner, 'token', token, 'a string, or false for none');
  if (offline !== undefined) checkBoolean(owner, 'offline', offline);
  for (const [name, work] of Object.entries({ fetch: request, onProgress, onNotice }))
    if (work !== undefined) checkFunction(owner, name, work);
  if (signal !== undefined) checkSignal(owner, 'signal', signal);
  return options;
}

function withoutSlashes(text: string): string {
  let { length } = text;
  while (text[length - 1] === '/') length--;
  return text.slice(0, length);
}

/** @throws UnknownOptionError, ParameterError, LoadError for a revision that leads out of the cache. */
export async function readHubOptions(given: HubOptions, owner = 'hubModel'): Promise<HubSettings> {
  const options = checkHubOptions(owner, given);
  const { revision = 'main', retries = 5, timeout = 30_000, onProgress, onNotice, signal } = options;
  if (typeof revision !== 'string' || revision === '')
    throw new ParameterError(owner, 'revision', 'a branch, a tag or a commit', revision);
  const endpoint = withoutSlashes(options.endpoint ?? variable('HF_ENDPOINT') ?? 'https://huggingface.co');
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint))
    throw new ParameterError(owner, 'endpoint', 'a URL that begins with https:// or http://', endpoint);
  return {
    revision: checkFileName(`${owner}: revision`, revision),
    token: options.token === false ? undefined : (options.token ?? (await storedToken())),
    endpoint,
    cache: options.cache ?? defaultCache(),
    offline: options.offline ?? /^(1|true|yes|on)$/i.test(variable('HF_HUB_OFFLINE') ?? ''),
    retries: checkInteger(owner, 'retries', retries, 0),
    timeout: checkInteger(owner, 'timeout', timeout, 1),
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
    unusedProxy: options.fetch === undefined ? unusedProxy(endpoint) : undefined,
    onProgress,
    onNotice,
    signal,
  };
}

function defaultCache(): string {
  const set = variable('HF_HUB_CACHE') ?? variable('HUGGINGFACE_HUB_CACHE');
  if (set !== undefined) return set;
  const home = hubHome();
  if (home !== undefined) return `${home}/hub`;
  if (nodeFiles() === undefined) return 'tokenwright-hub';
  throw new ParameterError(
    'hubModel',
    'cache',
    'given, or HF_HUB_CACHE set, as this user has no home folder',
    undefined,
  );
}

/** Where the tools of the hub keep their things; undefined in a browser, and for a user without a home folder. */
function hubHome(): string | undefined {
  const set = variable('HF_HOME');
  if (set !== undefined) return set;
  const home = homeFolder();
  const cache = variable('XDG_CACHE_HOME') ?? (home === undefined ? undefined : `${home}/.cache`);
  return cache === undefined ? undefined : `${cache}/huggingface`;
}

function homeFolder(): string | undefined {
  try {
    return globalThis.process?.getBuiltinModule?.('node:os')?.homedir();
  } catch {
    // A user that the system does not know, as in many containers.
    return undefined;
  }
}

async function storedToken(): Promise<string | undefined> {
  const token = variable('HF_TOKEN') ?? variable('HUGGING_FACE_HUB_TOKEN');
  if (token !== undefined) return token;
  const home = hubHome();
  if (home === undefined) return undefined;
  const text = await nodeFiles()
    ?.readFile(variable('HF_TOKEN_PATH') ?? `${home}/token`, 'utf8')
    .catch(() => undefined);
  return text?.trim() || undefined;
}

/** An environment variable, ~/ as the home folder; undefined when it is not set, empty, or when there is no environment. */
function variable(name: string): string | undefined {
  const value = globalThis.process?.env?.[name]?.trim() || undefined;
  return value?.startsWith('~/') ? `${homeFolder() ?? '~'}${value.slice(1)}` : value;
}
