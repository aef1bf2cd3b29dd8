export * from '@tokenwright/grammar';
