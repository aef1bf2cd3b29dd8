import type { ToolFormat } from '../tool-format.ts';

/** `<function=name>` and the arguments. Source: Functionary v3.1, and Meta's format for custom tools of Llama 3.1. */
export const functionaryTags: ToolFormat = {
  name: 'functionary-v3.1',
  models: 'Functionary v3.1',
  tokens: [],
  recognizes: (template) => template.includes('<function=') && !template.includes('<parameter='),
  reply: {
    kind: 'marked',
    call: ['<function=', { kind: 'name' }, '>', { kind: 'arguments' }, '</function>'],
    between: '',
  },
};

/** Messages that begin with `>>>` and a recipient; 'all' is the user. Source: Functionary v3.2. */
export const functionary: ToolFormat = {
  name: 'functionary-v3.2',
  models: 'Functionary v3.2',
  tokens: [],
  recognizes: (template) => template.includes('>>>all'),
  reply: {
    kind: 'channels',
    next: '>>>',
    headerEnd: '\n',
    ends: [],
    read: (header) => (header.trim() === 'all' ? { kind: 'text' } : { kind: 'call', name: header.trim() }),
    write: { text: 'all', before: ['all'], beforeEnd: '', call: '', callEnd: '', end: '' },
  },
};
