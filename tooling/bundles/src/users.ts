import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@tokenwright/checks/workspace';

/** What `npm install` is given for a package of the catalog `users`: its name and version. */
export function versioned(...names: readonly string[]): string[] {
  const catalog = /^ {2}users:\n((?: {4}.*\n)*)/m.exec(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8'))![1]!;
  const versions = new Map([...catalog.matchAll(/^ {4}(\S+): (\S+)$/gm)].map(([, name, version]) => [name!, version!]));
  return names.map((name) => {
    const version = versions.get(name);
    if (version === undefined) throw new Error(`pnpm-workspace.yaml names no version of ${name}`);
    return `${name}@${version}`;
  });
}

/** A user's machine has nothing of this workspace; only the way to the network is the same. */
export const environment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      /^npm_config_(registry|cafile|ca|proxy|https_proxy|noproxy|strict_ssl|userconfig|globalconfig|cache)$/i.test(
        name,
      ) || !/^(npm_|pnpm_|turbo_|vitest|node_options$|node_env$|init_cwd$|ci$)/i.test(name),
  ),
);
