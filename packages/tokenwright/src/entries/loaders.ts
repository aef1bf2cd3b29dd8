export * from '@tokenwright/loaders';
