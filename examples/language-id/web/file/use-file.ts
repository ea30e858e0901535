/** The open file, read by a worker of its own, which ends with it. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { PickedFile, Reply, Report, Request } from './reading/protocol.js';
import type { Values } from './reading/values.js';

/** What the values of a tensor are like, or why they cannot be read. */
export type Read = Values | { readonly message: string };

export interface OpenFile {
  /** `reading` until the worker has answered. */
  readonly state: 'none' | 'reading' | 'choose' | 'failed' | 'open';
  readonly files: readonly PickedFile[];
  readonly progress: { readonly loaded: number; readonly total: number } | undefined;
  readonly message: string;
  readonly report: Report | undefined;
  readonly values: ReadonlyMap<string, Read>;
}

const NO_FILE: OpenFile = {
  state: 'none',
  files: [],
  progress: undefined,
  message: '',
  report: undefined,
  values: new Map(),
};

export interface FileActions {
  open(files: readonly PickedFile[], path?: readonly string[]): void;
  /** Reads values of tensors, which come in one by one. */
  readValues(names: readonly string[]): void;
  close(): void;
}

export function useFile(): [OpenFile, FileActions] {
  const [file, setFile] = useState(NO_FILE);
  const worker = useRef<Worker>(undefined);
  const end = () => worker.current?.terminate();
  useEffect(() => end, []);
  const send = (request: Request) => worker.current?.postMessage(request);
  const actions: FileActions = {
    open(files, path) {
      end();
      setFile({ ...NO_FILE, state: 'reading', files });
      const own = new Worker(new URL('./reading/worker.ts', import.meta.url), { type: 'module' });
      worker.current = own;
      own.onmessage = ({ data }: MessageEvent<Reply>) => setFile((before) => afterReply(before, data));
      own.onerror = ({ message }) => setFile((before) => ({ ...before, state: 'failed', message }));
      send({ kind: 'open', files, path });
    },
    readValues: (names) => send({ kind: 'values', names }),
    close() {
      end();
      setFile(NO_FILE);
    },
  };
  return [file, actions];
}

function afterReply(file: OpenFile, reply: Reply): OpenFile {
  switch (reply.kind) {
    case 'progress':
      return { ...file, progress: reply };
    case 'opened':
      return { ...file, state: 'open', report: reply.report };
    case 'choose':
      return { ...file, state: 'choose', files: reply.files };
    case 'failed':
      return { ...file, state: 'failed', message: reply.message };
    case 'values':
      return { ...file, values: new Map(file.values).set(reply.name, reply.values) };
    case 'unreadable':
      return { ...file, values: new Map(file.values).set(reply.name, reply) };
  }
}
