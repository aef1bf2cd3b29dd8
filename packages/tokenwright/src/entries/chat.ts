export * from '@tokenwright/chat';
