import type { CheckpointPath } from './choose/dict.js';
import type { StateDictFormat } from './formats/detect.js';

/** What a reader found in a file. */
export interface ReadReport {
  readonly format: StateDictFormat;
  /** Keys from the root of the file to the dict that was read; none for the root itself. */
  readonly path: CheckpointPath;
  /** How many tensors were read. */
  readonly tensors: number;
  /** What was left out or ignored, a sentence each. */
  readonly warnings: readonly string[];
  /** Names of classes and functions that a pickle mentions and this package does not know. None is ever called. */
  readonly unknownGlobals: readonly string[];
  /** `__metadata__` of a safetensors file that has one; of the first file of a model in several. */
  readonly metadata?: ReadonlyMap<string, string>;
}

/** A report without its number of tensors. */
export type About = Omit<ReadReport, 'tensors'>;

/** What is to be told about a model in several files. */
export function joinAbout(files: readonly About[]): About {
  const { format = 'safetensors', path = [], metadata } = files[0] ?? {};
  const warnings = files.flatMap((file) => file.warnings);
  const unknownGlobals = [...new Set(files.flatMap((file) => file.unknownGlobals))];
  return { format, path, warnings, unknownGlobals, ...(metadata && { metadata }) };
}
