import { nodeFiles } from '../sources/byte-source.ts';

/** Why no answer came, and what a person can do about it. */
export interface Unreachable {
  /** 'no answer came (ENOTFOUND)' */
  readonly why: string;
  readonly advice: string;
  /** Another attempt can have another result. */
  readonly passes: boolean;
}

/** Codes of certificates that Node does not accept. */
const certificateCodes =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?)|CERT_\w+|ERR_TLS_CERT_ALTNAME_INVALID)$/;

/**
 * @param cause What `fetch` threw.
 * @param proxy The environment variable of a proxy that is set and not used; see `unusedProxy`.
 */
export function unreachable(cause: unknown, endpoint: string, proxy: string | undefined): Unreachable {
  const inner = (cause as { cause?: { code?: string; message?: string } } | undefined)?.cause;
  const code = inner?.code ?? '';
  const why = `no answer came (${inner?.code ?? inner?.message ?? (cause instanceof Error ? cause.message : String(cause))})`;
  if (certificateCodes.test(code)) {
    const advice =
      code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID'
        ? 'Check the clock of this computer, or the certificate of the server'
        : "If a proxy of a company issues its own certificates, start Node with --use-system-ca, or name the company's certificate file in NODE_EXTRA_CA_CERTS";
    return { why: `the certificate of ${endpoint} is not trusted (${code})`, advice, passes: false };
  }
  if (proxy !== undefined)
    return {
      why,
      advice: `${proxy} is set, but this process does not use it. Set NODE_USE_ENV_PROXY=1 (Node 22.21 or 24.5, and later), or give the option fetch`,
      passes: true,
    };
  if (nodeFiles() !== undefined)
    return {
      why,
      advice:
        'Check the network, or whether a proxy is needed (HTTPS_PROXY with NODE_USE_ENV_PROXY=1). A folder or file on this computer, and a model in the cache, need no network',
      passes: true,
    };
  if (globalThis.navigator?.onLine === false)
    return { why: 'this computer is offline', advice: 'Connect it, or open a model from files', passes: true };
  // What Chromium, Firefox and Safari say when a request failed. Other errors come while an answer is read.
  if (!(cause instanceof TypeError && /^(Failed to fetch|NetworkError|Load failed)/.test(cause.message)))
    return { why, advice: 'Check the network, or open a model from files', passes: true };
  return {
    why: 'the browser could not send the request, or may not read the answer',
    advice:
      'Check the network, and whether a firewall, an extension or the Content-Security-Policy of the page blocks the server; or open a model from files',
    passes: true,
  };
}

/**
 * The environment variable of a proxy for this address, when Node does not use it: without NODE_USE_ENV_PROXY and --use-env-proxy, its
 * `fetch` connects directly.
 */
export function unusedProxy(
  endpoint: string,
  environment: Readonly<Record<string, string | undefined>> = globalThis.process?.env ?? {},
  flags: readonly string[] = globalThis.process?.execArgv ?? [],
): string | undefined {
  const { protocol, hostname } = new URL(endpoint);
  const wanted = protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy', 'HTTP_PROXY'];
  const name = wanted.find((variable) => (environment[variable] ?? '') !== '');
  if (name === undefined) return undefined;
  const isUsed =
    environment.NODE_USE_ENV_PROXY === '1' ||
    [...flags, ...(environment.NODE_OPTIONS ?? '').split(/\s+/)].includes('--use-env-proxy');
  const excepted = (environment.no_proxy ?? environment.NO_PROXY ?? '').split(/[\s,]+/).some((host) => {
    const suffix = host.replace(/^\*?\./, '').replace(/:\d+$/, '');
    return host === '*' || (suffix !== '' && (hostname === suffix || hostname.endsWith(`.${suffix}`)));
  });
  return isUsed || excepted ? undefined : name;
}
