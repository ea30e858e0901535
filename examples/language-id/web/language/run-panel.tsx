/** Where the network runs, how long a call takes, and what ran. */

import { setThreads } from 'tfjs-torch-rnn';
import { type Backend, backendsHere } from '../backends.js';
import { Choice } from '../choice.js';
import { median, milliseconds } from '../numbers.js';
import type { Answers } from './use-answers.js';

/** More than the layer of this page can use. */
const MAX_THREADS = 8;

export interface RunPanelProps {
  readonly answers: Answers;
  readonly backend: Backend;
  readonly onBackend: (backend: Backend) => void;
  readonly threads: number;
  readonly onThreads: (threads: number) => void;
}

export function RunPanel({ answers, backend, onBackend, threads, onThreads }: RunPanelProps) {
  const most = Math.max(1, Math.min(MAX_THREADS, navigator.hardwareConcurrency));
  const counts = Array.from({ length: most }, (_, i) => i + 1);
  const isThere = answers.backend === backend;
  return (
    <section class="run" aria-labelledby="run-title">
      <h2 id="run-title">Run on</h2>
      <Choice
        name="backend"
        label="Backend of TensorFlow.js"
        options={backendsHere().map((name) => ({ value: name, label: name }))}
        value={backend}
        onChoose={onBackend}
      />
      <label class="field">
        Threads
        <select
          value={threads}
          onChange={({ currentTarget }) => {
            const count = Number(currentTarget.value);
            setThreads(count);
            onThreads(count);
          }}
        >
          {counts.map((count) => (
            <option key={count} value={count}>
              {count}
            </option>
          ))}
        </select>
      </label>
      {answers.error !== undefined && (
        <p class="error" role="alert">
          {answers.error}
        </p>
      )}
      {isThere && <Times times={answers.times} />}
      {!isThere && answers.error === undefined && <p class="hint">Starting {backend} …</p>}
      <Kernel answers={answers} />
    </section>
  );
}

function Times({ times }: { readonly times: readonly number[] }) {
  const last = times.at(-1);
  if (last === undefined) return null;
  return (
    <dl class="figures">
      <div>
        <dt>This call</dt>
        <dd data-figure="last">{milliseconds(last)}</dd>
      </div>
      <div>
        <dt>Median of {times.length}</dt>
        <dd data-figure="median">{milliseconds(median(times))}</dd>
      </div>
    </dl>
  );
}

/** What `describeKernels()` says of the active backend. */
function Kernel({ answers: { kernel } }: { readonly answers: Answers }) {
  if (kernel === undefined) return null;
  return (
    <div class="kernel">
      <h3>
        <code>describeKernels()</code> on {kernel.backend}
      </h3>
      <p>
        <strong>{kernel.lastRun ?? kernel.implementation}</strong>: {kernel.lastReason ?? kernel.reason}.
      </p>
      <p class="hint">
        {crossOriginIsolated
          ? 'This page is isolated from other origins, so it may share memory with threads.'
          : 'This page is not isolated from other origins (COOP and COEP headers), so it runs on one thread.'}
      </p>
    </div>
  );
}
