/** The exports of the module. The memory is imported; the module keeps no data of its own in it. */
export { addIntegers, encodeQuery, scoreIntegers } from './attend-integers';
export { copySlots, loadSlots, storeSlot } from './cache';
export { firstBeyond } from './largest-weight';
export { pack, unpackRow } from './pack';
export { probeDot, relaxedDot } from './probe';
export { run, work } from './tape';
export { stop } from './threads';
export { sumOfExponentials, top } from './top';
