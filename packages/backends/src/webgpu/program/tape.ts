import type { Program, Step } from '../../graph/compiler.ts';
import type { Value } from '../../graph/recorder.ts';
import type { Device } from '../device/device.ts';
import type { Weights } from '../weights/weights.ts';
import { attendPlayer, crossAttendPlayer, storeEncoderKeyValuesPlayer } from './attention-players.ts';
import { Binder, type Play, type Player, type TapeSetting } from './binder.ts';
import { linearPlayer } from './linear-player.ts';
import { elementsPlayer, embedPlayer, normPlayer, rotaryPlayer, tapPlayer } from './row-players.ts';

/** A compiled program with its kernels, parameters and bindings, created once and replayed. */
export class Tape {
  readonly #binder: Binder;
  readonly #players: readonly Player[];

  constructor(device: Device, program: Program, weights: Weights, setting: TapeSetting) {
    this.#binder = new Binder(device, program, weights, setting);
    this.#players = program.steps.map((step, index) => playerOf(this.#binder, step, index));
  }

  play(play: Play): void {
    for (const player of this.#players) player(play);
  }

  /** Offset of a value in the arena and the stride of its rows, both in numbers. */
  place(value: Value): readonly [number, number] {
    return this.#binder.place(value);
  }

  dispose(): void {
    this.#binder.dispose();
  }
}

function playerOf(binder: Binder, step: Step, index: number): Player {
  switch (step.kind) {
    case 'embed':
      return embedPlayer(binder, step, index);
    case 'norm':
      return normPlayer(binder, step, index);
    case 'linear':
    case 'gated':
      return linearPlayer(binder, step, index);
    case 'rotary':
      return rotaryPlayer(binder, step, index);
    case 'elements':
      return elementsPlayer(binder, step, index);
    case 'tap':
      return tapPlayer(binder, step, index);
    case 'attend':
      return attendPlayer(binder, step, index);
    case 'crossAttend':
      return crossAttendPlayer(binder, step, index);
    case 'storeEncoderKeyValues':
      return storeEncoderKeyValuesPlayer(binder, step, index);
  }
}
