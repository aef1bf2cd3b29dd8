/** Hosts of the public hub. */
const publicHosts: readonly string[] = ['huggingface.co', 'www.huggingface.co', 'hf.co'];

/**
 * The path of an address on a hub, such as 'org/name/blob/main/model.gguf': decoded, without slashes at the ends. The address
 * may leave out 'https://'. Other tools write 'hf:org/name' or 'hf://org/name', which are read too.
 *
 * @returns undefined for a text that is not an address on a hub.
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
