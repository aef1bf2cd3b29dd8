import { LoadError } from '@tokenwright/core';
import { type ModelSource, urlSource, WebPageError } from '@tokenwright/loaders';

/**
 * A folder of a web server, in Hugging Face layout. A file is absent when the server answers with 404, or with a web page, as
 * servers of single-page applications do for what they lack.
 */
export function urlFolder(base: URL, signal: AbortSignal | undefined): ModelSource {
  const folder = new URL(base);
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  return {
    name: folder.href,
    async file(name) {
      let status = 0;
      const request: typeof fetch = async (...args) => {
        const response = await fetch(...args);
        status = response.status;
        return response;
      };
      const path = name.split('/').map(encodeURIComponent).join('/');
      const url = new URL(path, folder);
      url.search = folder.search;
      try {
        return await urlSource(url, { name: url.href, fetch: request, ...(signal === undefined ? {} : { signal }) });
      } catch (error) {
        if (error instanceof WebPageError || (LoadError.isInstance(error) && status === 404)) return undefined;
        throw error;
      }
    },
  };
}
