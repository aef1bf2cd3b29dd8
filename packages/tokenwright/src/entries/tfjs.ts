export * from '@tokenwright/backends/tfjs';
