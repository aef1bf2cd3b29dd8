import { LoadError } from '@tokenwright/core';

/** What a name such as 'org/name' or 'org/name:Q4_K_M' asks for. */
export interface HubName {
  /** 'org/name' */
  readonly repository: string;
  /** A .gguf file by its name, or a part of the name that tells its quantization; undefined for safetensors. */
  readonly file: string | undefined;
}

const repositoryName = /^[\w-][\w.-]*\/[\w-][\w.-]*$/;

/** Whether a text can be the name of a model on a hub, with or without a file: 'org/name', 'org/name:file.gguf'. */
export function isHubName(text: string): boolean {
  return repositoryName.test(text.split(':', 1)[0]!);
}

/** @throws LoadError for a text that is not a name of a model. */
export function readHubName(text: string): HubName {
  const at = text.indexOf(':');
  const repository = at < 0 ? text : text.slice(0, at);
  const file = at < 0 ? undefined : text.slice(at + 1);
  if (!repositoryName.test(repository) || repository.includes('..') || repository.includes('--'))
    throw new LoadError(text, "is not a name of a model on a hub: that is 'organization/name'");
  if (file === '')
    throw new LoadError(text, "lacks what follows ':', the name of a .gguf file or a quantization such as Q4_K_M");
  return { repository, file };
}
