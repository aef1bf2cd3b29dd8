import { describeDocuments } from './documents-suite.ts';

describeDocuments({ count: 30, maxNewTokens: 300 });
