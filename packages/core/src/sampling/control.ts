import type { History } from './history.ts';

/** What the reader of a stream has asked of the token after a node. */
export interface TokenControl {
  /** The next tokens, in order; drawn from nothing, seen by every sampler that follows. */
  readonly force?: readonly number[];
  /** Tokens that the next draw may not give. */
  readonly ban?: readonly number[];
}

/** Requests by the node that they follow, so that they are dropped with it. */
export class TokenControls {
  readonly #notes: WeakMap<History, TokenControl> = new WeakMap();

  set(node: History, control: TokenControl): void {
    this.#notes.set(node, control);
  }

  at(node: History): TokenControl | undefined {
    return this.#notes.get(node);
  }

  /** Hand the rest of a list of forced tokens on to the node that took the first, and after the last the ban of the draw. */
  pass(parent: History, child: History): void {
    const { force = [], ban } = this.#notes.get(parent) ?? {};
    if (force.length > 1) this.#notes.set(child, { force: force.slice(1), ...(ban === undefined ? {} : { ban }) });
    else if (force.length === 1 && ban !== undefined) this.#notes.set(child, { ban });
  }
}
