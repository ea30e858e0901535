import { bar, cyan, dim } from '../support/terminal.js';
import type { Progress, Size } from './train.js';

/** Where progress goes: `process.stdout`, a terminal or a pipe. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** A line for each epoch. On a terminal a bar fills it up to then. */
export function showProgress({ epochs, batches }: Size, output: Output = process.stdout): Progress {
  const title = (epoch: number) => `  epoch ${epoch + 1}/${epochs}`;
  return {
    onBatch(epoch, batch, loss) {
      if (!output.isTTY) return;
      const done = bar((batch + 1) / batches, 20).padEnd(20);
      output.write(`\r${title(epoch)}  ${cyan(done)}  ${dim(`loss ${loss.toFixed(3)}`)}`);
    },
    onEpoch(epoch, loss) {
      const clear = output.isTTY ? '\r\u001b[K' : '';
      output.write(`${clear}${title(epoch)}  loss ${loss.toFixed(3)}\n`);
    },
  };
}
