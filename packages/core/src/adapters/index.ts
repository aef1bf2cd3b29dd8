export { type LayersModelLike, type LayersModelOptions, layersModel, type TensorFunctions } from './layers-model.ts';
export {
  type OnnxModelOptions,
  type OnnxSession,
  type OnnxTensor,
  type OnnxTensorConstructor,
  type OnnxValueMetadata,
  onnxModel,
} from './onnx-model.ts';
