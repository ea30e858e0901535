/** State dicts alone: bytes to tensors and back. Imports no tfjs, so any project can use it. */
export { FormatError, UnsupportedError } from '../errors.js';
export type { ReadProgress } from './collect.js';
export type { StateDictFormat } from './detect.js';
export { toFloat32Array } from './floats.js';
export { type FormatCode, formatCodes } from './format-codes.js';
export type { ReadLimits } from './limits.js';
export type { StateDictSource } from './locate.js';
export { type ParseOptions, parseStateDict } from './parse.js';
export { readStateDict } from './read.js';
export type { PartOptions, ReadReport } from './read-checkpoint.js';
export type { ReadOptions } from './read-options.js';
export { parseSafetensorsMetadata, type SafetensorsOptions } from './safetensors.js';
export { type SafetensorsMetadata, writeSafetensors } from './safetensors-writer.js';
export type { StateDict, TorchData, TorchDtype, TorchTensor } from './types.js';
export { saveSafetensors } from './write-file.js';
