import type { CheckpointPath } from './choose/dict.js';
import type { StateDictFormat } from './formats/detect.js';
import type { FactsByPath } from './module-facts.js';

/** What a reader found in a file. */
export interface ReadReport {
  readonly format: StateDictFormat;
  /** Keys from the root of the file to the dict that was read; none for the root itself. */
  readonly path: CheckpointPath;
  /** How many tensors were read. */
  readonly tensors: number;
  /** What was left out or ignored, a sentence each. */
  readonly warnings: readonly string[];
  /**
   * Names of classes and functions that a pickle mentions and this package does not know, without the classes of whole modules,
   * whose objects are read as data. None is ever called.
   */
  readonly unknownGlobals: readonly string[];
  /** `__metadata__` of a safetensors file that has one; of the first file of a model in several. */
  readonly metadata?: ReadonlyMap<string, string>;
  /**
   * Of a whole module, `torch.save(model)`: the class and the plain attributes of it and of each module in it, by the path of the
   * module. Absent where there is none.
   */
  readonly modules?: FactsByPath;
}

/** A report without its number of tensors. */
export type About = Omit<ReadReport, 'tensors'>;

/**
 * Gives the report to the caller; to one who takes none the console tells what was lost.
 *
 * @param lost  what was left out and may be weights, a sentence each.
 */
export function tell(
  where: string,
  report: ReadReport,
  lost: readonly string[],
  onReport: ((report: ReadReport) => void) | undefined,
): void {
  if (onReport) onReport(report);
  else if (lost.length > 0) console.warn(`${where}: ${lost.join(' ')}`);
}

/** What is to be told about a model in several files. Each sentence names its file. */
export function joinAbout(files: ReadonlyMap<string, About>): About {
  const all = [...files.values()];
  const { format = 'safetensors', path = [], metadata } = all[0] ?? {};
  const warnings = [...files].flatMap(([name, file]) => naming(name, file.warnings));
  const unknownGlobals = [...new Set(all.flatMap((file) => file.unknownGlobals))];
  const modules = new Map(all.flatMap((file) => [...(file.modules ?? [])]));
  const about = { format, path, warnings, unknownGlobals, ...(metadata && { metadata }) };
  return modules.size > 0 ? { ...about, modules } : about;
}

/** Sentences with the name of their file. */
export function naming(file: string, sentences: readonly string[]): string[] {
  return sentences.map((sentence) => `${file}: ${sentence}`);
}
