export * from '@tokenwright/samplers';
