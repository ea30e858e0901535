/** Measures backend after backend, each in a worker of its own: one that breaks, or is cancelled, takes nothing with it. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Backend } from '../backends.js';
import type { Contestant, Reply, Result } from './protocol.js';
import { CONTESTANT_NAMES } from './protocol.js';
import type { Size } from './sizes.js';

/** What is known of a backend. */
export interface Measured {
  readonly backend: Backend;
  readonly results: ReadonlyMap<Contestant, Result>;
  readonly failure: string | undefined;
}

export interface Measurement {
  readonly size: Size | undefined;
  readonly measured: readonly Measured[];
  readonly running: { readonly backend: Backend; readonly contestant: Contestant | undefined } | undefined;
  /** Layers measured so far, of all. */
  readonly done: number;
  readonly total: number;
}

const NOTHING: Measurement = { size: undefined, measured: [], running: undefined, done: 0, total: 0 };

export interface MeasurementActions {
  start(size: Size, backends: readonly Backend[]): void;
  cancel(): void;
}

export function useMeasurement(): [Measurement, MeasurementActions] {
  const [measurement, setMeasurement] = useState(NOTHING);
  const worker = useRef<Worker>(undefined);
  const end = () => worker.current?.terminate();
  useEffect(() => end, []);

  const measure = (size: Size, backend: Backend, others: readonly Backend[]) => {
    const own = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.current = own;
    const hear = (reply: Reply) => {
      setMeasurement((before) => afterReply(before, backend, reply));
      if (reply.kind !== 'done' && reply.kind !== 'failed') return;
      own.terminate();
      const [next, ...rest] = others;
      if (next !== undefined) measure(size, next, rest);
      else setMeasurement((before) => ({ ...before, running: undefined }));
    };
    setMeasurement((before) => ({
      ...before,
      running: { backend, contestant: undefined },
      measured: [...before.measured, { backend, results: new Map(), failure: undefined }],
    }));
    own.onmessage = ({ data }: MessageEvent<Reply>) => hear(data);
    own.onerror = ({ message }) => hear({ kind: 'failed', message });
    own.postMessage({ backend, size });
  };

  return [
    measurement,
    {
      start(size, [first, ...others]) {
        if (first === undefined) return;
        end();
        setMeasurement({ ...NOTHING, size, total: (1 + others.length) * CONTESTANT_NAMES.length });
        measure(size, first, others);
      },
      cancel() {
        end();
        setMeasurement((before) => ({ ...before, running: undefined }));
      },
    },
  ];
}

function afterReply(before: Measurement, backend: Backend, reply: Reply): Measurement {
  const change = (how: (one: Measured) => Measured) =>
    before.measured.map((one) => (one.backend === backend ? how(one) : one));
  switch (reply.kind) {
    case 'running':
      return { ...before, running: { backend, contestant: reply.contestant } };
    case 'result':
      return {
        ...before,
        done: before.done + 1,
        measured: change((one) => ({
          ...one,
          results: new Map(one.results).set(reply.contestant, reply.result),
        })),
      };
    case 'failed':
      return { ...before, measured: change((one) => ({ ...one, failure: reply.message })) };
    case 'done':
      return before;
  }
}
