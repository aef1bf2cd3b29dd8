/** A kernel: WGSL with an entry point `main`, and its bindings in the order of their numbers. */
export interface Kernel {
  readonly label: string;
  readonly code: string;
  readonly bindings: readonly BindingKind[];
}

export type BindingKind = 'uniform' | 'read' | 'write';

/** Optional features of a device. Each must pass a known-answer test before it is used. */
export interface DeviceAbilities {
  /** Sums over subgroups. */
  readonly subgroups: boolean;
  /** Half-precision numbers in shaders. */
  readonly float16: boolean;
}

export const leastAbilities: DeviceAbilities = { subgroups: false, float16: false };

/** True: required; false: not used; undefined: used where it works. */
export type RequestedAbilities = { readonly [Name in keyof DeviceAbilities]?: boolean | undefined };
