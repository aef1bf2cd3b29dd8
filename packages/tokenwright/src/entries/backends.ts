export * from '@tokenwright/backends';
