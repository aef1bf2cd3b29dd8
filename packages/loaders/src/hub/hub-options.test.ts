import os from 'node:os';
import { ParameterError } from '@tokenwright/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readHubOptions } from './hub-options.ts';

beforeEach(() => {
  for (const name of ['HF_HOME', 'HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'XDG_CACHE_HOME', 'HF_TOKEN_PATH'])
    vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const cacheOf = async (options = {}): Promise<string> => (await readHubOptions({ token: false, ...options })).cache;

describe('the cache folder', () => {
  it('is where the Python tools keep theirs', async () => {
    vi.spyOn(os, 'homedir').mockReturnValue('/people/me');
    expect(await cacheOf()).toBe('/people/me/.cache/huggingface/hub');
    vi.stubEnv('XDG_CACHE_HOME', '~/kept');
    expect(await cacheOf()).toBe('/people/me/kept/huggingface/hub');
    vi.stubEnv('HF_HOME', '/hf');
    expect(await cacheOf()).toBe('/hf/hub');
    vi.stubEnv('HF_HUB_CACHE', '/cache');
    expect(await cacheOf()).toBe('/cache');
    expect(await cacheOf({ cache: '/mine' })).toBe('/mine');
  });

  it('must be named by a user without a home folder', async () => {
    vi.spyOn(os, 'homedir').mockImplementation(() => {
      throw new Error('uv_os_homedir returned ENOENT');
    });
    await expect(readHubOptions({})).rejects.toThrow(ParameterError);
    expect((await readHubOptions({ cache: '/mine' })).cache).toBe('/mine');
    vi.stubEnv('HF_HUB_CACHE', '/cache');
    expect(await cacheOf()).toBe('/cache');
  });
});
