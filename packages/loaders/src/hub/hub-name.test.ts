import { LoadError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { type HubName, isHubName, readHubName, suggestedHubName } from './hub-name.ts';

const name = (file?: string, revision?: string): HubName => ({ repository: 'org/name', file, revision });

describe('what a person pastes', () => {
  it.each<[string, HubName]>([
    ['org/name', name()],
    ['org/name:Q4_K_M', name('Q4_K_M')],
    ['https://huggingface.co/org/name', name()],
    ['http://www.huggingface.co/org/name/', name()],
    ['https://huggingface.co/org/name?library=transformers#usage', name()],
    ['huggingface.co/org/name', name()],
    ['hf.co/org/name:Q4_K_M', name('Q4_K_M')],
    ['https://hf.co/org/name:Q4_K_M', name('Q4_K_M')],
    ['hf:org/name:Q4_K_M', name('Q4_K_M')],
    ['hf://org/name', name()],
    ['https://huggingface.co/org/name/tree/main', name(undefined, 'main')],
    ['https://huggingface.co/org/name/tree/refs%2Fpr%2F3', name(undefined, 'refs/pr/3')],
    ['https://huggingface.co/org/name/blob/main/x.Q4_0.gguf', name('x.Q4_0.gguf', 'main')],
    ['https://huggingface.co/org/name/blob/v1/sub/x.gguf', name('sub/x.gguf', 'v1')],
    ['https://huggingface.co/org/name/resolve/main/x.gguf?download=true', name('x.gguf', 'main')],
    ['https://huggingface.co/org/name/blob/main/config.json', name(undefined, 'main')],
    ['https://huggingface.co/org/name/resolve/main/model.safetensors', name(undefined, 'main')],
  ])('%s is understood', (text, expected) => {
    expect(isHubName(text)).toBe(true);
    expect(readHubName(text)).toEqual(expected);
  });

  it.each<[string, RegExp]>([
    ['gpt2', /did you mean 'openai-community\/gpt2'\?/],
    ['distilgpt2', /did you mean 'distilbert\/distilgpt2'\?/],
    ['org/name/x.gguf', /did you mean 'org\/name:x\.gguf'\?/],
    ['https://huggingface.co/gpt2', /names no model: .* did you mean 'openai-community\/gpt2'\?/],
    ['https://huggingface.co/org/name/discussions/3', /a page about a model.*give the model as 'org\/name'$/],
    ['https://huggingface.co/org/name/tree/main/onnx', /'org\/name', or 'org\/name:FILE\.gguf'$/],
    ['https://huggingface.co/datasets/org/name', /is the address of a data set, not of a model/],
    ['https://huggingface.co/spaces/org/name', /is the address of a space/],
    ['https://huggingface.co/org', /names no model/],
    ['https://huggingface.co/org/name/blob', /is not the address of a model; give the model as 'org\/name'/],
    ['https://huggingface.co/../name', /is not a name of a model/],
    ['org/name:', /lacks what follows ':'/],
    ['a b', /is not a name of a model on a hub: that is 'organization\/name'$/],
  ])('%s is corrected', (text, message) => {
    expect(() => readHubName(text)).toThrow(LoadError);
    expect(() => readHubName(text)).toThrow(message);
  });

  it('an address of another hub is understood where that hub is used', () => {
    expect(readHubName('http://127.0.0.1:90/org/name/tree/v1', 'http://127.0.0.1:90')).toEqual(name(undefined, 'v1'));
    expect(isHubName('http://127.0.0.1:90/org/name')).toBe(false);
  });

  it('suggests nothing for other texts', () => {
    expect(['nowhere', './model', 'C:\\models\\x', 'a/b/c.bin'].map(suggestedHubName)).toEqual(
      Array(4).fill(undefined),
    );
  });
});
