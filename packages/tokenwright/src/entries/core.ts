export * from '@tokenwright/core';
