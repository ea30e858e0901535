import type { WorstErrors } from './compare.js';

interface Measurement extends WorstErrors {
  milliseconds: number;
}

/** The worst errors and the time of every group of checks, by backend. */
export class Measurements {
  private readonly rows = new Map<string, Measurement>();

  /** Runs `body` and adds its time; `body` raises the errors. */
  async during(group: string, backend: string, body: (worst: WorstErrors) => Promise<void>): Promise<void> {
    const key = pad(group, 32) + pad(backend, 12);
    const row = this.rows.get(key) ?? { forward: 0, gradient: 0, milliseconds: 0 };
    this.rows.set(key, row);
    const start = performance.now();
    await body(row);
    row.milliseconds += performance.now() - start;
  }

  print(): void {
    if (this.rows.size === 0) return;
    const columns = ['worst forward (absolute)', 'worst gradient (relative)', 'seconds'];
    console.log(
      pad('', 32) +
        pad('backend', 12) +
        columns
          .map((title) => pad(title, 26))
          .join('')
          .trimEnd(),
    );
    for (const [key, { forward, gradient, milliseconds }] of this.rows) {
      const seconds = (milliseconds / 1000).toFixed(1);
      console.log(key + pad(forward.toExponential(2), 26) + pad(gradient.toExponential(2), 26) + seconds);
    }
  }
}

function pad(text: string, width: number): string {
  return text.padEnd(width);
}
