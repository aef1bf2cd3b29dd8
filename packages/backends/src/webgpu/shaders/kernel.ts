/** A kernel: WGSL with an entry point `main`, and what it binds, in the order of the binding numbers. */
export interface Kernel {
  readonly label: string;
  readonly code: string;
  readonly bindings: readonly BindingKind[];
}

export type BindingKind = 'uniform' | 'read' | 'write';

/** What a device can do beyond the least that WebGPU promises; each is proven by a known answer before it is used. */
export interface DeviceAbilities {
  /** Sums over subgroups. */
  readonly subgroups: boolean;
  /** Half-precision numbers in shaders. */
  readonly float16: boolean;
}

export const leastAbilities: DeviceAbilities = { subgroups: false, float16: false };

/** True: it must be there; false: it must not be used; undefined: it is used where it works. */
export type RequestedAbilities = { readonly [Name in keyof DeviceAbilities]?: boolean | undefined };
