import { LoadError, ParameterError } from '@tokenwright/core';
import { hubPageOf } from './hub-page.ts';

/** What a name such as 'org/name' or 'org/name:Q4_K_M', or the address of a page of the hub, asks for. */
export interface HubName {
  /** 'org/name' */
  readonly repository: string;
  /** A .gguf file by its name, or a part of the name that tells its quantization; undefined for safetensors. */
  readonly file: string | undefined;
  /** The branch, tag or commit of an address; undefined when it names none. */
  readonly revision: string | undefined;
}

/** Characters of a name or an address: far more than a hub allows. */
const longestName = 4096;

const repositoryName = /^[\w-][\w.-]*\/[\w-][\w.-]*$/;

/**
 * Whether a text can be the name of a model on a hub, with or without a file: 'org/name', 'org/name:file.gguf'; or the address of a
 * page of huggingface.co, or of the hub that `HF_ENDPOINT` names: 'https://huggingface.co/org/name/tree/main', 'hf.co/org/name:Q4_K_M'.
 */
export function isHubName(text: string): boolean {
  if (typeof text !== 'string' || text.length > longestName) return false;
  return hubPageOf(text) !== undefined || repositoryName.test(text.split(':', 1)[0]!);
}

/**
 * @param endpoint Another hub whose addresses are understood.
 * @throws LoadError for a text that is not a name of a model, with the name that was probably meant.
 */
export function readHubName(text: string, endpoint?: string, owner = 'hubModel'): HubName {
  if (typeof text !== 'string' || text.length > longestName)
    throw new ParameterError(owner, 'name', "the name of a model on a hub, 'organization/name'", text);
  const page = hubPageOf(text, endpoint);
  if (page !== undefined) return readPage(text, page);
  const at = text.indexOf(':');
  const repository = at < 0 ? text : text.slice(0, at);
  const file = at < 0 ? undefined : text.slice(at + 1);
  if (!isRepository(repository))
    throw new LoadError(text, `is not a name of a model on a hub: that is 'organization/name'${hint(text)}`);
  if (file === '')
    throw new LoadError(text, "lacks what follows ':', the name of a .gguf file or a quantization such as Q4_K_M");
  return { repository, file, revision: undefined };
}

function isRepository(text: string): boolean {
  return repositoryName.test(text) && !text.includes('..') && !text.includes('--');
}

/** The name that a text which is none probably means, for errors; undefined when there is none. */
export function suggestedHubName(text: string): string | undefined {
  const [organization] = Object.entries(shortNames).find(([, names]) => names.includes(text)) ?? [];
  if (organization !== undefined) return `${organization}/${text}`;
  const [, repository, file] = /^([^/:\s]+\/[^/:\s]+)\/([^:\s]+\.gguf)$/i.exec(text) ?? [];
  return repository !== undefined && isRepository(repository) ? `${repository}:${file}` : undefined;
}

/** "; did you mean 'openai-community/gpt2'?", or nothing. */
function hint(text: string): string {
  const suggested = suggestedHubName(text);
  return suggested === undefined ? '' : `; did you mean '${suggested}'?`;
}

/** Names from before models had organizations, by the organization that has them now. */
const shortNames: Readonly<Record<string, readonly string[]>> = {
  'openai-community': ['gpt2', 'gpt2-medium', 'gpt2-large', 'gpt2-xl', 'openai-gpt'],
  distilbert: ['distilgpt2'],
  'google-t5': ['t5-small', 't5-base', 't5-large', 't5-3b', 't5-11b'],
};

/** First parts of addresses that are not organizations, and what they name. */
const noModels: Readonly<Record<string, string>> = {
  datasets: 'a data set',
  spaces: 'a space',
  collections: 'a collection',
  papers: 'a paper',
  docs: 'a page of the documentation',
  blog: 'a page of the blog',
};

/** What the path of a page names: 'org/name', 'org/name:Q4_K_M', 'org/name/tree/main', 'org/name/blob/main/file.gguf'. */
function readPage(text: string, page: string): HubName {
  const parts = page.split('/');
  const [organization = '', last = '', kind, ...rest] = parts;
  const what = Object.hasOwn(noModels, organization) ? noModels[organization] : undefined;
  if (what !== undefined) throw new LoadError(text, `is the address of ${what}, not of a model`);
  if (last === '')
    throw new LoadError(text, `names no model: the address of one ends in organization/name${hint(organization)}`);
  if (kind === undefined) return { ...readHubName(`${organization}/${last}`), revision: undefined };
  const repository = `${organization}/${last}`;
  const instead = (why: string, name = repository): LoadError =>
    new LoadError(text, isRepository(repository) ? `${why}; give the model as '${name}'` : why);
  if (!['tree', 'blob', 'resolve', 'raw'].includes(kind)) throw instead('is a page about a model, not the model');
  // The hub's own references have slashes: refs/pr/1, refs/convert/parquet.
  const length = rest[0] === 'refs' ? 3 : 1;
  const revision = rest.slice(0, length).join('/');
  const file = rest.slice(length).join('/');
  if (!isRepository(repository) || revision === '') throw instead('is not the address of a model');
  if (file.toLowerCase().endsWith('.gguf')) return { repository, file, revision };
  // A file of the top folder is a part of the model.
  if (file === '' || (kind !== 'tree' && !file.includes('/'))) return { repository, file: undefined, revision };
  throw instead(
    'names something within a folder of a model. A model is loaded from the top folder, or from one .gguf file',
    `${repository}', or '${repository}:FILE.gguf`,
  );
}
