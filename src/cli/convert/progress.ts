import type { ReadProgress } from '../../state-dict/sources/stream.js';
import { showBytes } from '../table.js';
import type { Terminal } from '../terminal.js';

/** Signs of the bar. */
const WIDTH = 30;

/** Bytes between two changes of what is shown: a terminal is slower than a disk. */
const STEP_BYTES = 1 << 20;

/** What shows how far reading has come. */
export function readProgress(terminal: Terminal): (progress: ReadProgress) => void {
  let next = STEP_BYTES;
  return (progress) => {
    if (progress.loaded < next) return;
    next = progress.loaded + STEP_BYTES;
    terminal.progress(progressText(progress));
  };
}

/** `[######........................] 20% of 3.0 GiB`; without a total `12.0 MiB`. */
export function progressText({ loaded, total }: ReadProgress): string {
  if (total === undefined || total === 0) return showBytes(loaded);
  const share = Math.min(1, loaded / total);
  const done = Math.floor(share * WIDTH);
  return `[${'#'.repeat(done)}${'.'.repeat(WIDTH - done)}] ${Math.floor(share * 100)}% of ${showBytes(total)}`;
}
