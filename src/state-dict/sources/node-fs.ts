/** The part of `node:fs/promises` that reading and writing a file take. */
export interface NodeFs {
  readonly constants: { readonly O_RDONLY: number; readonly O_NONBLOCK?: number };
  open(path: string | URL, flags: number | string): Promise<NodeFile>;
  realpath(path: string | URL): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  stat(path: string | URL): Promise<NodeStats>;
  unlink(path: string): Promise<void>;
}

export interface NodeStats {
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** What stands where a file should, as messages call it. */
export function kindOfNoFile(stats: Pick<NodeStats, 'isDirectory'>): string {
  return stats.isDirectory() ? 'a directory' : 'a device or pipe';
}

export interface NodeFile {
  stat(): Promise<NodeStats>;
  chmod(mode: number): Promise<void>;
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

interface NodeProcess {
  cwd(): string;
  getBuiltinModule?(name: 'node:fs/promises'): NodeFs;
}

function nodeProcess(): NodeProcess | undefined {
  return (globalThis as { process?: NodeProcess }).process;
}

/**
 * Node's file system; undefined where there is none.
 *
 * Asked of the running process, not imported, so that a bundler for browsers finds no `node:` module to fail on.
 *
 * @see https://nodejs.org/api/process.html#processgetbuiltinmoduleid (Node >= 20.16)
 */
export function nodeFs(): NodeFs | undefined {
  return nodeProcess()?.getBuiltinModule?.('node:fs/promises');
}

/** What relative paths start at. */
export function workingDirectory(): string {
  return nodeProcess()?.cwd() ?? '/';
}

/** Whether a path starts at a root: a slash, or on Windows a backslash or a drive. */
export function isAbsolute(path: string): boolean {
  return /^([/\\]|[a-z]:[/\\])/i.test(path);
}
