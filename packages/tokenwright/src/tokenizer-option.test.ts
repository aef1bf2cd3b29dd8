import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LoadError, ParameterError, UnsupportedError } from '@tokenwright/core';
import { createTokenizer } from '@tokenwright/loaders';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { languageModel } from './index.ts';
import type { LanguageModelOptions, TokenizerSource } from './options/load-options.ts';
import { tinyGguf, tinyTokenizer } from './testing/tiny-gguf.ts';

const json = JSON.stringify(tinyTokenizer);
const file = tinyGguf('unheard-of');
const options = { engine: 'fused-wasm', threads: 1, onNotice: () => {} } satisfies LanguageModelOptions;

let folder: string;
let server: Server;
let address: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tokenizer-option-'));
  writeFileSync(join(folder, 'tokenizer.json'), json);
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ add_bos_token: true, bos_token: '<s>' }));
  writeFileSync(join(folder, 'other.json'), json);
  server = createServer((request, response) => {
    const found = request.url === '/t/tokenizer.json';
    response.writeHead(found ? 200 : 404).end(found ? json : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/t/`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** The text of the ids that 'abc' becomes. */
async function spelled(tokenizer: TokenizerSource): Promise<string[]> {
  const lm = await languageModel(file, { ...options, worker: false, tokenizer });
  try {
    return lm.tokenizer.encode('abc').map((id) => lm.tokenizer.idToToken(id)!);
  } finally {
    await lm.dispose();
  }
}

describe('a GGUF file with an unknown cut', () => {
  it('is refused with the option that helps', async () => {
    const error = await languageModel(file, options).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(LoadError);
    expect((error as Error).message).toContain("'unheard-of' is not known");
    expect((error as Error).message).toContain("languageModel(file, { tokenizer: 'folder/tokenizer.json' })");
  });

  it('is loaded with a tokenizer', async () => {
    const letters = ['a', 'b', 'c'];
    expect(await spelled(join(folder, 'other.json'))).toEqual(letters);
    // Beside a tokenizer.json its tokenizer_config.json counts.
    for (const place of [folder, join(folder, 'tokenizer.json'), pathToFileURL(join(folder, 'tokenizer.json'))])
      expect(await spelled(place)).toEqual(['<s>', ...letters]);
    for (const given of [` ${json}`, `data:application/json,${encodeURIComponent(json)}`, new URL(address)])
      expect(await spelled(given)).toEqual(letters);
    expect(await spelled(`${address}tokenizer.json`)).toEqual(letters);
    expect(await spelled(createTokenizer(tinyTokenizer))).toEqual(letters);
  });

  it('is loaded in a worker with a text or a path', async () => {
    for (const tokenizer of [json, join(folder, 'tokenizer.json'), pathToFileURL(join(folder, 'tokenizer.json'))]) {
      const lm = await languageModel(file, { ...options, worker: true, tokenizer });
      const { tokens } = await lm.score('abc');
      expect(tokens.map(({ text }) => text).join('')).toMatch(/b?c$/);
      await lm.dispose();
    }
    const made = createTokenizer(tinyTokenizer);
    const error = await languageModel(file, { ...options, worker: true, tokenizer: made }).catch((cause) => cause);
    expect(error).toBeInstanceOf(UnsupportedError);
    expect(error.message).toContain('Give the path, the URL or the text of its tokenizer.json');
  });
});

it('refuses anything but a tokenizer before anything is loaded', async () => {
  const refused = async (tokenizer: unknown): Promise<Error> => {
    const error = await languageModel(file, { ...options, tokenizer: tokenizer as string }).catch((cause) => cause);
    expect(error).toBeInstanceOf(ParameterError);
    return error;
  };
  for (const given of [1, '', null, {}, [], () => {}]) await refused(given);
  expect((await refused(Promise.resolve())).message).toContain('this is a promise: await it');
  expect((await refused('org/name')).message).toContain(
    "'https://huggingface.co/org/name/resolve/main/tokenizer.json'",
  );
  expect((await refused('./nowhere.json')).message).toContain('there is no such folder or file');
  await expect(languageModel(file, { ...options, tokenizer: '{' })).rejects.toThrow(
    'the text of tokenizer: is not JSON',
  );
  await expect(languageModel(file, { ...options, tokenizer: '{}' })).rejects.toThrow(LoadError);
});
