import { describeDocuments } from './documents-suite.ts';

describeDocuments({ count: 15, maxNewTokens: 300 });
