import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from './testing/command-line.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const emptyFolder = temporaryFolder();
const file = join(emptyFolder, 'a-file');
writeFileSync(file, '');

it.each<[string[], number, RegExp, string?]>([
  [['generat'], 2, /no command 'generat'\. Did you mean 'generate'\?/],
  [['help', 'me'], 2, /no command 'me'/],
  [['generate', 'x', '--tempertaure', '1'], 2, /no flag --tempertaure\. Did you mean --temperature\?/],
  [['generate', 'x', '-z'], 2, /no flag -z/],
  [['demo', '--top-k', '3'], 2, /no flag --top-k\. 'tokenwright demo --help' lists all/],
  [['generate', 'x', 'y'], 2, /'y' is one argument too many/],
  [['demo', 'x'], 2, /takes flags only/],
  [['generate', 'x', '-n'], 2, /--max-new-tokens needs a value/],
  [['generate', 'x', '--top-p', '--greedy'], 2, /--top-p needs a value: --top-p P/],
  [['generate', 'x', '-n', 'many'], 2, /wants a number, but 'many' was given/],
  [['generate', 'x', '-n', '3', '-n', '4'], 2, /was given twice/],
  [['generate', 'x', '--greedy=yes'], 2, /--greedy takes no value/],
  [
    ['generate', 'x', '--engine', 'tpu'],
    2,
    /must be one of auto, fused-wasm, fused-webgpu, tfjs-wasm, tfjs-cpu, tfjs-webgpu, but 'tpu'/,
  ],
  [['generate', 'x', '--engine', 'cpu'], 2, /but 'cpu' was given\. Did you mean 'tfjs-cpu'\?/],
  [['generate', 'x', '--end-tokens', '0'], 2, /no flag --end-tokens\. Did you mean --eos-token-ids\?/],
  [['generate', 'x', '--cache', 'window=x'], 2, /--cache wants one of/],
  [['generate', ''], 2, /prompt is empty/],
  [['generate'], 2, /prompt is empty/],
  [['score', ''], 2, /text is empty/],
  [['explain', 'x', '--candidates', '11'], 2, /from 1 to 10/],
  [['compare', '--length', '5'], 2, /from 16 to/],
  [['completion', 'fish'], 2, /wants bash or zsh, but 'fish'/],
  [['generate', 'x', '--chain', '[{'], 2, /the JSON cannot be read/],
  [['generate', 'x', '--preset', 'lama'], 2, /must be one of gpt2, hugging-face, llama-cpp/],
  [['generate', 'x', '--strategy', 'sampling,x=1'], 2, /takes no parameters/],
  [['generate', 'x', '--top-p', '1.5'], 2, /--top-p: p must be a number from 0 to 1, but 1\.5 was given/],
  [['generate', 'x', '--top-p', '0.5,most=2'], 2, /--top-p: unknown option 'most'/],
  [['generate', 'x', '--chain', '[{"sampler":"topk"}]'], 2, /Did you mean 'top-k'/],
  // Before anything is asked of the hub, which does not answer here.
  [['generate', 'x', '-m', 'org/huge', '--temperature', 'abc'], 2, /--temperature must be .*, but 'abc' was given/],
  [['generate', 'x', '-m', 'org/huge', '--regex', '['], 2, /--regex: /],
  [['explain', 'x', '--top-k', '0'], 2, /--top-k: k must be/],
  [['chat', 'x', '--max-new-tokens=-3'], 2, /--max-new-tokens must be an integer of at least 0, but -3 was given/],
  [['generate', 'x', '--threads', '0'], 2, /--threads must be an integer of at least 1, but 0 was given/],
  [['generate', 'x', '--context', '0'], 2, /--context must be an integer of at least 1, but 0 was given/],
  [['generate', 'x', '--cache', 'huh'], 2, /--cache wants one of static; dynamic; none/],
  [['translate', 'x', '--num-return-sequences', '3'], 2, /needs --num-beams 3 or more, but it is 1/],
  [['score', 'x', '--seed', '-1'], 2, /--seed/],
  [['--verison'], 2, /There is no flag --verison without a command\. Did you mean --version\?/],
  [['generate', 'x', '--model', 'gpt2'], 1, /Did you mean 'openai-community\/gpt2', on the hub\?$/m],
  [['generate', 'x', '--context', '9999'], 1, /from 1 to 512/],
  [
    ['generate', 'x', '--model', 'no/such/folder/here'],
    1,
    /There is no folder or file 'no\/such\/folder\/here'\. Bundled models: story/,
  ],
  [['generate', 'x', '--model', 'nowhere'], 1, /There is no folder or file 'nowhere'/],
  [['generate', 'x', '--model', emptyFolder], 1, /there is no config\.json/],
  [['generate', 'x', '--model', file], 1, /is a file; give the folder that holds it and config\.json, or a GGUF file/],
  [['translate', 'x', '--model', 'nowhere'], 1, /There is no folder or file 'nowhere'/],
  [['generate'], 1, /needs \d+ positions, but the model has a context of 512/, 'word '.repeat(700)],
  [['score'], 1, /needs \d+ positions, but the model has a context of 512/, 'word '.repeat(700)],
])('%j', async (args, expected, message, input = '') => {
  const { status, stdout, stderr } = await run(args, input);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^tokenwright: [^\n]+\n$/);
  expect([status, stdout]).toEqual([expected, '']);
});

it('--debug shows where an error came from', async () => {
  const { stderr, status } = await run(['generate', 'x', '--context', '9999', '--debug']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/ParameterError[\s\S]*\n {4}at /);
});
