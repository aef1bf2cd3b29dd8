/**
 * Samplers with the switches that only one other system needs. They have the same names as the published ones and accept
 * the same options. The presets use them, and so do comparisons with the results of other systems.
 */
export { badWords } from './compat/bad-words.ts';
export { dynamicTemperature } from './compat/dynamic-temperature.ts';
export { infill } from './compat/infill.ts';
export { detectKgwWatermark, kgwWatermark } from './compat/kgw-watermark.ts';
export { mirostat1 } from './compat/mirostat-1.ts';
export { prefixAllowedTokens } from './compat/prefix-allowed-tokens.ts';
export { sequenceBias } from './compat/sequence-bias.ts';
export { suppressTokensAtBegin } from './compat/suppress-tokens-at-begin.ts';
export { topK } from './compat/top-k.ts';
export { topP } from './compat/top-p.ts';
export { typicalP } from './compat/typical-p.ts';
export { compatRegistry } from './composition/registry.ts';
