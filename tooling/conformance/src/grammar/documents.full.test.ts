import { describeDocuments } from './documents-suite.ts';

describeDocuments({ count: Number(process.env.DOCUMENTS ?? 1000), maxNewTokens: 400 });
