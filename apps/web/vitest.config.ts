import { nodeTests } from '../../vitest.shared.ts';

// The tests of the page drive a browser over a site that is built once.
export default nodeTests({ globalSetup: ['./src/testing/build-site.ts'] });
