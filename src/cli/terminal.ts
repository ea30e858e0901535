/** Where a command writes to, and how. */

import { styleText } from 'node:util';

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
  /** Shows how far a long work is, over what it showed before; `undefined` takes it away. Nothing but on a terminal. */
  progress(text: string | undefined): void;
}

/** Back to the start of the line, which is then empty. */
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
    // The stream was looked at here: styleText would look at the standard output alone.
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
