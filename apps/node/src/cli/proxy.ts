import { misuse } from './failure.ts';

const names = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];

/**
 * Use the proxies of the environment, with NO_PROXY. By default, Node's `fetch` connects directly. Node before 24.14 cannot change
 * this in a running process; there, the error of the hub names NODE_USE_ENV_PROXY.
 *
 * @throws Failure for a proxy that is not a URL.
 */
export function useProxies(): void {
  const { env } = process;
  if (env.NODE_USE_ENV_PROXY !== undefined || names.every((name) => (env[name] ?? '') === '')) return;
  const { setGlobalProxyFromEnv } = process.getBuiltinModule('node:http') as { setGlobalProxyFromEnv?: () => unknown };
  if (setGlobalProxyFromEnv === undefined) return;
  try {
    setGlobalProxyFromEnv();
  } catch (error) {
    throw misuse(`The proxy of the environment cannot be used: ${(error as Error).message}`);
  }
  env.NODE_USE_ENV_PROXY = '1';
}
