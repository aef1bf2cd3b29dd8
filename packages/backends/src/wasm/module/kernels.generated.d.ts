/** The compiled module without relaxed SIMD, as base64. */
export declare const plain: string;
/** The same with relaxed SIMD. */
export declare const relaxed: string;
