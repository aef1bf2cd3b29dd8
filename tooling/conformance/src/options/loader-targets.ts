import { demoModel } from '@tokenwright/demo-model';
import {
  blobSource,
  bytesSource,
  cachedModels,
  createTokenizer,
  directory,
  fileSource,
  files,
  folder,
  hubModel,
  inspectModel,
  isHubName,
  load,
  loadModel,
  loadSequenceToSequence,
  loadTokenizer,
  openFileSource,
  openGguf,
  openSafetensors,
  readDefaults,
  removeCachedModel,
  responseSource,
  urlSource,
} from '@tokenwright/loaders';
import { convertModel } from '@tokenwright/loaders/convert';
import { options, type Parameter, type Target, types } from './target.ts';

const loose = (name: string, type: Parameter['type'] = types.any, valid?: unknown): Parameter => ({
  name,
  type,
  valid,
});

// An offline hub fetches nothing, whatever the options are.
process.env.HF_HUB_OFFLINE = '1';
process.env.HF_HUB_CACHE = '/nonexistent/hub';

/** Never reached: an offline hub fetches nothing. */
const offline = { offline: true, cache: '/nonexistent/hub', token: false } as const;
const empty = files(new Map(), 'empty');
const withTokenizer = files(
  new Map([
    ['tokenizer.json', new TextEncoder().encode('{"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}}')],
  ]),
);
const engine = { prepare: () => {} };
/** A source that is read is refused because the files in it are none; the message names a file. */
const fileWords = ['config.json', 'cannot', 'is not', 'no such', 'lacks', 'ends', 'failed', 'GGUF', 'there is no'];

const anyCall =
  (work: unknown) =>
  (...given: unknown[]): unknown =>
    (work as (...all: unknown[]) => unknown)(...given);

const sourceParameter: Parameter = { name: 'source', type: types.any, valid: empty, alsoNamed: fileWords };

const hubOptions: readonly Parameter[] = [
  loose('revision', types.text),
  loose('token', (value) => value === false || types.text(value)),
  loose('endpoint', types.text),
  loose('cache', types.text, '/nonexistent/hub'),
  { ...loose('offline', types.flag, true), alsoNamed: ['org/name'] },
  loose('retries', types.integer, 0),
  loose('timeout', types.integer),
  { ...loose('fetch', types.callback, async () => new Response('', { status: 404 })), alsoNamed: ['org/name'] },
  loose('onProgress', types.callback),
  loose('onNotice', types.callback),
  loose('signal', types.signal),
];

/** Calls that end in the same refusal as the valid call: there is nothing to load. */
async function refusedForNothing(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error && /config\.json|empty|lacks the revision|cache at/.test(error.message)) return;
    throw error;
  }
}

export const loaderTargets: readonly Target[] = [
  {
    name: 'hubModel',
    parameters: [
      {
        name: 'name',
        type: types.text,
        valid: 'org/name',
        alsoNamed: ['is not a name of a model', "lacks what follows ':'"],
      },
      options,
    ],
    options: hubOptions,
    call: (name, given) => refusedForNothing(hubModel(name as never, given as never)),
  },
  {
    name: 'isHubName',
    parameters: [{ name: 'text', type: types.any, valid: 'org/name' }],
    call: (text) => isHubName(text as never),
  },
  {
    name: 'cachedModels',
    parameters: [options],
    options: [loose('cache', types.text, '/nonexistent/hub')],
    call: (given) => cachedModels(given as never),
  },
  {
    name: 'removeCachedModel',
    parameters: [
      { name: 'name', type: types.text, valid: 'org/name', alsoNamed: ['is not a name of a model'] },
      options,
    ],
    options: [loose('cache', types.text, '/nonexistent/hub')],
    call: anyCall(removeCachedModel),
  },
  {
    name: 'load',
    parameters: [sourceParameter, options],
    options: [
      loose('engine', types.record, engine),
      loose('architectures', types.list),
      loose('contextLength', types.integer),
      loose('defaultSamplers', types.callback),
      loose('file', types.text),
      loose('hub', types.record),
      loose('name', types.text),
      loose('onNotice', types.callback),
      loose('onProgress', types.callback),
      loose('signal', types.signal),
    ],
    call: (source, given) => refusedForNothing(load(source as never, given as never)),
  },
  {
    name: 'loadModel',
    parameters: [sourceParameter, options],
    options: [loose('engine', types.record, engine), loose('name', types.text)],
    call: (source, given) => refusedForNothing(loadModel(source as never, given as never)),
  },
  {
    name: 'loadSequenceToSequence',
    parameters: [sourceParameter, options],
    options: [
      loose('engine', types.record, engine),
      loose('name', types.text),
      loose('tokenizer', types.record),
      loose('sourceTokenizer', types.record),
    ],
    call: (source, given) => refusedForNothing(loadSequenceToSequence(source as never, given as never)),
  },
  {
    name: 'inspectModel',
    parameters: [sourceParameter, options],
    options: [loose('architectures', types.list), loose('file', types.text), loose('hub', types.record, offline)],
    call: (source, given) => refusedForNothing(inspectModel(source as never, given as never)),
  },
  {
    name: 'convertModel',
    parameters: [sourceParameter, { name: 'sink', type: types.any, valid: { file: () => {} } }, options],
    options: [
      loose('format', types.text, 'f32'),
      loose('architectures', types.list),
      loose('file', types.text),
      loose('hub', types.record, offline),
      loose('onNotice', types.callback),
      loose('onProgress', types.callback),
      loose('signal', types.signal),
    ],
    call: (source, sink, given) => refusedForNothing(convertModel(source as never, sink as never, given as never)),
  },
  {
    name: 'urlSource',
    parameters: [{ name: 'url', type: types.any, valid: 'data:,abc', alsoNamed: ['the request failed'] }, options],
    options: [
      loose('name', types.text),
      { ...loose('fetch', types.callback, async () => new Response('abc')), alsoNamed: ['the request failed'] },
      loose('headers', types.record),
      loose('signal', types.signal),
    ],
    call: anyCall(urlSource),
  },
  {
    name: 'bytesSource',
    parameters: [loose('bytes', types.any, new Uint8Array(1)), loose('name', types.text)],
    call: anyCall(bytesSource),
  },
  {
    name: 'blobSource',
    parameters: [loose('blob', types.any, new Blob(['a'])), loose('name', types.text)],
    call: anyCall(blobSource),
  },
  {
    name: 'fileSource',
    parameters: [{ name: 'path', type: types.any, valid: '/dev/null', alsoNamed: ['the file cannot be opened'] }],
    call: anyCall(fileSource),
  },
  {
    name: 'openFileSource',
    parameters: [
      loose('file', types.any, { stat: async () => ({ size: 0 }), read: async () => ({ bytesRead: 0 }) }),
      loose('name', types.text),
    ],
    call: anyCall(openFileSource),
  },
  {
    name: 'responseSource',
    parameters: [{ name: 'response', type: types.any, valid: undefined }],
    call: (given) => responseSource((given === undefined ? new Response('a') : given) as never),
  },
  { name: 'folder', parameters: [loose('path', types.any, '/nonexistent')], call: anyCall(folder) },
  {
    name: 'files',
    parameters: [loose('contents', types.any, new Map()), loose('name', types.text)],
    call: anyCall(files),
  },
  {
    name: 'directory',
    parameters: [
      loose('handle', types.record, {
        name: 'x',
        getFileHandle() {},
        getDirectoryHandle() {},
        keys: async function* () {},
      }),
    ],
    call: anyCall(directory),
  },
  {
    name: 'openGguf',
    parameters: [{ name: 'source', type: types.any, valid: undefined, alsoNamed: fileWords }],
    call: (given) => (given === undefined ? undefined : openGguf(given as never)),
  },
  {
    name: 'openSafetensors',
    parameters: [{ name: 'source', type: types.any, valid: undefined, alsoNamed: fileWords }],
    call: (given) => (given === undefined ? undefined : openSafetensors(given as never)),
  },
  {
    name: 'loadTokenizer',
    parameters: [
      { name: 'source', type: types.any, valid: withTokenizer, alsoNamed: [...fileWords, 'tokenizer.json'] },
      options,
    ],
    options: [loose('side', types.text, 'source')],
    call: anyCall(loadTokenizer),
  },
  {
    name: 'createTokenizer',
    parameters: [{ name: 'json', type: types.any, valid: undefined, alsoNamed: ['tokenizer'] }],
    call: (given) => (given === undefined ? undefined : createTokenizer(given as never)),
  },
  {
    name: 'readDefaults',
    parameters: [
      { name: 'generation', type: types.record, valid: {} },
      { name: 'config', type: types.record, valid: {} },
      { name: 'vocabSize', type: types.integer, valid: 8 },
    ],
    call: anyCall(readDefaults),
  },
  { name: 'demoModel', parameters: [{ name: 'name', type: types.text }], call: (given) => demoModel(given as never) },
];
