import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hubModel } from './hub-model.ts';
import { unreachable, unusedProxy } from './unreachable.ts';

const hub = 'https://huggingface.co';
const failed = (code: string): Error => new TypeError('fetch failed', { cause: { code } });

describe('a hub that cannot be reached', () => {
  beforeEach(() => {
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'NODE_USE_ENV_PROXY', 'NODE_OPTIONS'])
      vi.stubEnv(name, undefined);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
  });

  /** The error and the notices of a download whose `fetch` fails so. */
  async function attempt(
    error: unknown,
    retries: number,
  ): Promise<{ message: string; notices: string[]; asked: number }> {
    const notices: string[] = [];
    const fetch = vi.fn(() => Promise.reject(error));
    vi.stubGlobal('fetch', fetch);
    const options = { cache: '/nowhere', token: false, endpoint: hub, retries } as const;
    const { message } = await hubModel('org/name', { ...options, onNotice: (text) => notices.push(text) }).then(
      () => ({ message: 'loaded' }),
      (thrown: Error) => thrown,
    );
    return { message, notices, asked: fetch.mock.calls.length };
  }

  it('is reported after the first attempt, and named with advice at the end', async () => {
    const { message, notices, asked } = await attempt(failed('ENOTFOUND'), 1);
    expect(asked).toBe(2);
    expect(notices).toEqual([
      expect.stringMatching(
        /^no answer came \(ENOTFOUND\), from https:\/\/huggingface\.co; trying again\. Check the network/,
      ),
    ]);
    expect(message).toMatch(
      /^org\/name: no answer came \(ENOTFOUND\), from https:\/\/huggingface\.co\. Check the network/,
    );
  });

  it.each(['SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'])(
    'a certificate that is not trusted fails at once: %s',
    async (code) => {
      const { message, notices, asked } = await attempt(failed(code), 5);
      expect([asked, notices]).toEqual([1, []]);
      expect(message).toMatch(new RegExp(`not trusted \\(${code}\\).*--use-system-ca.*NODE_EXTRA_CA_CERTS`));
    },
  );

  it('an expired certificate may be a wrong clock', async () => {
    expect((await attempt(failed('CERT_HAS_EXPIRED'), 5)).message).toMatch(/Check the clock of this computer/);
  });

  it('a proxy that is set and not used is named', async () => {
    vi.stubEnv('HTTPS_PROXY', 'http://proxy.example:3128');
    expect((await attempt(failed('ETIMEDOUT'), 0)).message).toMatch(
      /HTTPS_PROXY is set, but this process does not use it\. Set NODE_USE_ENV_PROXY=1/,
    );
  });

  it('in a browser: offline, or blocked', () => {
    const cause = new TypeError('Failed to fetch');
    vi.stubGlobal('process', undefined);
    vi.stubGlobal('navigator', { onLine: false });
    expect(unreachable(cause, hub, undefined)).toMatchObject({ why: 'this computer is offline' });
    vi.stubGlobal('navigator', { onLine: true });
    const { why, advice } = unreachable(cause, hub, undefined);
    expect(`${why} ${advice}`).toMatch(/could not send the request.*firewall.*open a model from files/);
    expect(`${why} ${advice}`).not.toMatch(/Failed to fetch/);
  });
});

it.each<[Record<string, string>, readonly string[], string | undefined]>([
  [{}, [], undefined],
  [{ HTTPS_PROXY: 'http://p' }, [], 'HTTPS_PROXY'],
  [{ https_proxy: 'http://p', HTTPS_PROXY: '' }, [], 'https_proxy'],
  [{ HTTP_PROXY: 'http://p' }, [], undefined],
  [{ HTTPS_PROXY: 'http://p', NODE_USE_ENV_PROXY: '1' }, [], undefined],
  [{ HTTPS_PROXY: 'http://p' }, ['--use-env-proxy'], undefined],
  [{ HTTPS_PROXY: 'http://p', NODE_OPTIONS: '--max-old-space-size=4096 --use-env-proxy' }, [], undefined],
  [{ HTTPS_PROXY: 'http://p', NO_PROXY: 'localhost, huggingface.co' }, [], undefined],
  [{ HTTPS_PROXY: 'http://p', no_proxy: '*' }, [], undefined],
  [{ HTTPS_PROXY: 'http://p', NO_PROXY: '.example.org' }, [], 'HTTPS_PROXY'],
])('with %j and the flags %j, the proxy that is not used is %s', (environment, flags, expected) => {
  expect(unusedProxy(hub, environment, flags)).toBe(expected);
});
