import type { ToolFormat } from '../tool-format.ts';

/** `<tool_call>` with a JSON object in it, once per call. Source: NousResearch's Hermes function calling format. */
export const hermes: ToolFormat = {
  name: 'hermes',
  models: 'Hermes 2 Pro and 3, Qwen 2.5 and 3, Granite 4',
  tokens: ['<tool_call>', '</tool_call>'],
  recognizes: (template) => template.includes('<tool_call>') && !/<function=|<arg_key>|xml_tools/.test(template),
  reply: {
    kind: 'marked',
    call: ['<tool_call>\n', { kind: 'call', name: ['name'], arguments: ['arguments', 'parameters'] }, '\n</tool_call>'],
    between: '\n',
  },
};

/** Hermes's calls; the template reads the tools in a variable of its own. Source: SmolLM3's chat template. */
export const smolLM3: ToolFormat = {
  ...hermes,
  name: 'smollm3',
  models: 'SmolLM3',
  recognizes: (template) => template.includes('<tool_call>') && template.includes('xml_tools'),
  toolsVariable: 'xml_tools',
};
