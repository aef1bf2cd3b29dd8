/** Hosts of the public hub. */
const publicHosts: readonly string[] = ['huggingface.co', 'www.huggingface.co', 'hf.co'];

/**
 * The path of a page of a hub, decoded and without slashes at its ends, for an address with or without 'https://'; undefined for any
 * other text. 'hf:org/name' and 'hf://org/name', as other tools write them, are addresses too.
 *
 * @param endpoint Another hub. Default: the one that `HF_ENDPOINT` names.
 */
export function hubPageOf(
  text: string,
  endpoint: string | undefined = globalThis.process?.env?.HF_ENDPOINT,
): string | undefined {
  const own = endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (own !== undefined && text.startsWith(`${own.href.replace(/\/$/, '')}/`))
    return pathOf(text.slice(own.href.replace(/\/$/, '').length));
  const [, afterScheme] = /^hf:\/*(.*)$/.exec(text) ?? [];
  if (afterScheme !== undefined) return pathOf(afterScheme);
  const [, host = '', path = ''] = /^(?:https?:\/\/)?([\w.-]+)(\/.*)$/.exec(text) ?? [];
  return publicHosts.includes(host.toLowerCase()) ? pathOf(path) : undefined;
}

/** Without '?download=true', '#' and slashes at the ends. */
function pathOf(path: string): string {
  const plain = path.replace(/[?#].*$/, '').replace(/^\/+|\/+$/g, '');
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}
