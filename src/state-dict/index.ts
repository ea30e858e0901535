/** State dicts alone: bytes to tensors and back. It imports no tfjs, so any project can use it. */
export { FormatError, UnsupportedError } from '../errors.js';
export type { CheckpointPath } from './choose/dict.js';
export type { StateDictFormat } from './formats/detect.js';
export { parseSafetensorsMetadata, type SafetensorsOptions } from './formats/safetensors/safetensors.js';
export type { AttributeValue, FactsByPath, ModuleFacts } from './module-facts.js';
export type { ParseOptions, PartOptions, ReadOptions } from './options.js';
export { parseStateDict } from './parse.js';
export { readStateDict } from './read.js';
export type { ReadReport } from './report.js';
export type { ReadLimits } from './rules/limits.js';
export type { HttpOptions } from './sources/http/request.js';
export type { StateDictSource } from './sources/locate.js';
export type { ReadProgress } from './sources/stream.js';
export { toFloat32Array } from './tensors/float32.js';
export type { StateDict, TorchData, TorchDtype, TorchTensor } from './tensors/tensor.js';
export { saveSafetensors } from './write/file.js';
export { type SafetensorsMetadata, writeSafetensors } from './write/safetensors.js';
