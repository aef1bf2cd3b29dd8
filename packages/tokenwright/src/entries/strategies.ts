export * from '@tokenwright/strategies';
