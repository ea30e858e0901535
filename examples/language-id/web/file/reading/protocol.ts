/** What the tab and its worker say to each other. */

import type { jsonReport } from '../../../../../src/cli/inspect/json-report.js';
import type { Values } from './values.js';

/** A file as the user picked or dropped it; its path begins with the folder that was picked. */
export interface PickedFile {
  readonly path: string;
  readonly file: File;
}

/** What `inspect --json` prints. */
export type Report = ReturnType<typeof jsonReport>;

export type Request =
  | {
      readonly kind: 'open';
      readonly files: readonly PickedFile[];
      /** Keys to the dict of a checkpoint that holds several. */
      readonly path: readonly string[] | undefined;
    }
  | { readonly kind: 'values'; readonly names: readonly string[] };

export type Reply =
  | { readonly kind: 'progress'; readonly loaded: number; readonly total: number }
  | { readonly kind: 'opened'; readonly report: Report }
  /** None of the files is meant before the others. */
  | { readonly kind: 'choose'; readonly files: readonly PickedFile[] }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'values'; readonly name: string; readonly values: Values }
  | { readonly kind: 'unreadable'; readonly name: string; readonly message: string };
