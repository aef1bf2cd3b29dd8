import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const id = '\0virtual:catalog';

/**
 * Provides `virtual:catalog`: what samplers, strategies and `generate` declare about their options, as plain data. The page makes its
 * forms from it, without the code of the packages, which runs in the worker.
 */
export const catalog: Plugin = {
  name: 'catalog',
  resolveId: (source) => (source === 'virtual:catalog' ? id : undefined),
  load(module) {
    if (module !== id) return undefined;
    const script = fileURLToPath(new URL('catalog.ts', import.meta.url));
    const json = execFileSync(process.execPath, ['--conditions=@tokenwright/source', script], { encoding: 'utf8' });
    const lists = Object.entries(JSON.parse(json) as Record<string, unknown>);
    return lists.map(([name, list]) => `export const ${name} = ${JSON.stringify(list)};`).join('\n');
  },
};
