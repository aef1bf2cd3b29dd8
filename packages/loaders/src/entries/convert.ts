export {
  type ConversionFormat,
  type ConversionReport,
  type ConvertOptions,
  conversionFormats,
  convertModel,
} from '../convert/convert.ts';
export { type FileSink, folderSink, type ModelSink, memorySink } from '../convert/sink.ts';
export {
  dequantize,
  type QuantizationError,
  type QuantizationFormat,
  type QuantizedMatrix,
  quantize,
} from '../quantization/quantize.ts';
