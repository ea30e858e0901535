/** The output of a command: lines, colours and progress. */

import { styleText } from 'node:util';
import type { ReadProgress } from '../state-dict/sources/stream.js';
import { showBytes } from './table.js';

/** The part of a stream that is written to. */
export interface TextStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

export interface Terminal {
  /** A line of the answer, to the standard output. */
  line(text?: string): void;
  /** A line for the person at the terminal, to the standard error. */
  note(text: string): void;
  /** Text in a colour, where the standard output shows colours. */
  style(style: Style, text: string): string;
  /** The same for the standard error. */
  noteStyle(style: Style, text: string): string;
  /** Shows how far long work has come, over what it showed before; `undefined` clears the line. A no-op unless stderr is a TTY. */
  progress(text: string | undefined): void;
}

/** Returns to the start of the line and clears it. */
const CLEAR_LINE = '\r\u001b[K';

/**
 * Colours and progress are for terminals alone: what a pipe or file gets is plain text.
 *
 * @see https://no-color.org
 */
export function terminalOf(
  out: TextStream,
  err: TextStream,
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const isPlain = Boolean(environment.NO_COLOR) || environment.TERM === 'dumb';
  const styled = (stream: TextStream, style: Style, text: string): string =>
    // This line checks the stream, because styleText would check the standard output alone.
    stream.isTTY && !isPlain ? styleText(style, text, { validateStream: false }) : text;
  let shown = false;
  const progress = (text: string | undefined): void => {
    if (!err.isTTY || (text === undefined && !shown)) return;
    err.write(`${CLEAR_LINE}${text ?? ''}`);
    shown = text !== undefined;
  };
  return {
    line: (text = '') => void out.write(`${text}\n`),
    note: (text) => {
      progress(undefined);
      err.write(`${text}\n`);
    },
    style: (style, text) => styled(out, style, text),
    noteStyle: (style, text) => styled(err, style, text),
    progress,
  };
}

/** Bytes between two changes of what is shown: a terminal is slower than a disk. */
const STEP_BYTES = 1 << 20;

/** The `onProgress` of a read that shows how far it has come. */
export function readProgress(terminal: Terminal): (progress: ReadProgress) => void {
  let next = STEP_BYTES;
  return (progress) => {
    if (progress.loaded < next) return;
    next = progress.loaded + STEP_BYTES;
    terminal.progress(progressText(progress));
  };
}

/** `20% of 3.0 GiB`; without a total `12.0 MiB`. */
export function progressText({ loaded, total }: ReadProgress): string {
  if (total === undefined || total === 0) return showBytes(loaded);
  return `${Math.min(100, Math.floor((loaded / total) * 100))}% of ${showBytes(total)}`;
}
