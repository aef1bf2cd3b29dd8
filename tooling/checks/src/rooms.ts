/** A room: a folder of a package's `src` (`.` is `src` itself), or one file that has a place of its own in the order. */
export type Room = string;

/** Rooms on one level. Branches must not import each other; within a branch, later rooms may import earlier ones. */
export type Branches = readonly (readonly Room[])[];

export interface Exception {
  readonly from: string;
  readonly to: string;
  /** Why the import still exists, or what has to move. */
  readonly reason: string;
}

/**
 * The rooms of each package, lowest first: a file may import files of its own room and of rooms below it, types included.
 * `ARCHITECTURE.md` lists the same rooms in the same order, each with one line.
 */
export const roomOrder: { readonly [folder: string]: readonly (Room | Branches)[] } = {
  'packages/core': [
    'wording',
    'errors.ts',
    'saved-bytes.ts',
    'check',
    'text',
    'draw',
    'engine',
    [['architectures/shared', 'architectures'], ['reference']],
    'sampling',
    'model',
    'host',
    'adapters',
    'sampling/chain',
    'generate/contract',
    'generate/run',
    'generate',
    'analysis',
    'testing',
    'testing/samplers',
    [['testing/index.ts'], ['entries'], ['.']],
  ],
  'packages/samplers': [
    'shared',
    'patterns',
    [['shaping'], ['filters'], ['penalties', 'constraints'], ['controllers'], ['watermarks'], ['metrics']],
    'samplers.ts',
    'compat',
    'composition',
    [['presets'], ['testing']],
    '.',
  ],
  'packages/strategies': ['shared', [['beams'], ['speculation'], ['reranking']], 'catalog', 'compat', '.'],
  'packages/contrastive': ['rule.ts', 'define-rule.ts', 'rules', '.'],
  'packages/backends': [
    'engine-starter.ts',
    'notice.ts',
    'webgpu-in-node.ts',
    'paged',
    'graph',
    [
      ['wasm/module', 'wasm/weights', 'wasm/cache', 'wasm/program', 'wasm', 'wasm/testing'],
      [
        'webgpu/shaders',
        'webgpu/device',
        'webgpu/weights',
        'webgpu/cache',
        'webgpu/logits',
        'webgpu/program',
        'webgpu',
        'webgpu/testing',
      ],
    ],
    'tfjs',
    '.',
  ],
  'packages/loaders': [
    'sources',
    'weights',
    [
      ['quantization'],
      ['tokenizer/patterns', 'tokenizer/models', 'tokenizer/parts', 'tokenizer'],
      ['hub/store', 'hub'],
      ['gguf/blocks', 'gguf/blocks/low-bits', 'gguf/file', 'gguf/families', 'gguf/tokenizer', 'gguf'],
    ],
    'checkpoint',
    [['convert'], ['testing', 'testing/recorded']],
    [['entries'], ['.']],
  ],
  'packages/chat': [
    'chat-message.ts',
    [
      ['jinja/values', 'jinja/syntax', 'jinja/text', 'jinja/run', 'jinja'],
      ['tools', 'tools/formats', 'tools/reading', 'tools/forcing', 'reply'],
    ],
    '.',
    'testing',
  ],
  'packages/grammar': [
    'errors.ts',
    'expressions',
    [['patterns'], ['machine']],
    [['schema', 'notation'], ['vocabulary']],
    '.',
    'testing',
  ],
  'packages/demo-model': ['.'],
  'packages/tokenwright': [
    'structured',
    [['output'], ['options'], ['sources']],
    'model',
    'worker',
    '.',
    'entries',
    'testing',
  ],
  'apps/node': [
    'cli',
    [['options'], ['show']],
    'engine.ts',
    'models.ts',
    'session.ts',
    'watch-prefill.ts',
    'chat',
    'commands',
    '.',
    'testing',
  ],
  'apps/web': [
    'options',
    'settings.ts',
    'user-code-text.ts',
    'protocol.ts',
    'chain',
    'settings-url.ts',
    'grammar',
    [['charts'], ['client'], ['code'], ['worker/chains', 'worker']],
    'state',
    'examples.ts',
    'views/parts',
    'views/forms',
    'views/run',
    'views/pages',
    'views/shell',
    '.',
    'testing',
  ],
  'tooling/checks': ['.', 'code-blocks'],
  'tooling/bundles': ['.'],
  'tooling/conformance': ['onnx', '.', 'grammar', 'scripts', 'options'],
  'tooling/goldens': [
    'shared',
    'processors',
    'generate/decoding',
    [['llamacpp'], ['generate'], ['xtransformers'], ['families/plain', 'families']],
    'run',
    '.',
  ],
  'tooling/bench': [
    'timing',
    'report',
    'limits',
    'models',
    'harness',
    'browser',
    'benches/memory',
    'benches/seeds',
    'benches/samplers',
    'benches',
    '.',
  ],
};

/** Imports that still violate the order, by file from the root of the repository. To be emptied. */
export const exceptions: readonly Exception[] = [];

/** Maximum number of source files per room, not counting tests. */
export const mostFiles = 14;

/** Rooms that may have more files, with their limit. To be emptied. */
export const fullRooms: { readonly [room: string]: { readonly files: number; readonly reason: string } } = {};
