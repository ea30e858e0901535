/** Peers in processes of their own. See protocol.ts. */

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Backend } from '../../examples/support/backend.js';
import { LineProcess } from '../support/line-process.js';
import type { Connection, Kind } from './contestants.js';
import type { Answer } from './protocol.js';

export function startProcess(kind: Kind, threads: number, chosen: Backend): Connection {
  const { name, module = name, engine, backend = chosen } = kind;
  const count = String(threads);
  const [command, args] =
    name === 'torch'
      ? [torchPython(), [pathOf('peers/torch_peer.py'), count]]
      : [process.execPath, ['--import', 'tsx', pathOf('serve.ts'), module, backend, count]];
  // TensorFlow takes its number of threads from here.
  const env = {
    ...process.env,
    TF_NUM_INTRAOP_THREADS: count,
    TF_NUM_INTEROP_THREADS: count,
    TF_CPP_MIN_LOG_LEVEL: '1',
    ...(engine === undefined ? {} : { TFJS_TORCH_RNN_NATIVE: engine }),
  };
  const started = new LineProcess(command, args, env);
  const next = async <T>() => {
    const line = await started.nextLine();
    if (line === undefined) throw new Error(`the process has ended: ${started.lastWords}`);
    return JSON.parse(line) as Answer<T>;
  };
  return {
    hello: next,
    ask: (request) => {
      started.send(request);
      return next();
    },
    end: () => started.end(),
    kill: () => started.kill(),
  };
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

/** TORCH_PYTHON, else the environment that .ci/run makes, else the one on the path. */
function torchPython(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const made = join(cache, 'tfjs-torch-rnn', 'torch', 'bin', 'python');
  return process.env.TORCH_PYTHON ?? (existsSync(made) ? made : 'python3');
}
