export type { DrawKey } from '../draw/race.ts';
export type {
  EncoderKeyValues,
  EngineMatrix,
  Executable,
  Frame,
  KeepRule,
  KVStore,
  LogitEdit,
  PendingChoice,
  PrepareOptions,
  RunOptions,
  RunResult,
  TokenEdits,
  TopOfRow,
  WeightSource,
} from '../engine/engine.ts';
export { HostMatrix } from '../engine/host-matrix.ts';
export type {
  Activation,
  Architecture,
  AttendOptions,
  CrossAttendOptions,
  Dimensions,
  EmbedOptions,
  EncoderDecoderArchitecture,
  LinearOptions,
  MatrixShape,
  NormOptions,
  Operations,
  Parameters,
  RelativeBias,
  RotaryOptions,
  VectorOptions,
  Weight,
} from '../engine/operations.ts';
export { bucketsOf } from '../engine/relative-position.ts';
export { SecondRounding } from '../engine/second-rounding.ts';
export { firstInWindow } from '../engine/sliding-window.ts';
export type { Tensor2D, TensorFlow } from '../engine/tensorflow.ts';
export {
  type MatrixRequest,
  outputsOf,
  readMatrix,
  readVector,
  requestWeights,
  type WeightRequest,
} from '../engine/weight-requests.ts';
