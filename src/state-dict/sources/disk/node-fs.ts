/** The part of `node:fs/promises` that reading and writing a file use. */
export interface NodeFs {
  readonly constants: { readonly O_RDONLY: number; readonly O_NONBLOCK?: number; readonly W_OK: number };
  access(path: string, mode: number): Promise<void>;
  link(from: string, to: string): Promise<void>;
  lstat(path: string): Promise<NodeStats>;
  open(path: string | URL, flags: number | string): Promise<NodeFile>;
  readlink(path: string): Promise<string>;
  realpath(path: string | URL): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  stat(path: string | URL): Promise<NodeStats>;
  unlink(path: string): Promise<void>;
}

export interface NodeStats {
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** The kind of a directory entry that is not a regular file, for messages. */
export function kindOfNoFile(stats: Pick<NodeStats, 'isDirectory'>): string {
  return stats.isDirectory() ? 'a directory' : 'a device or pipe';
}

export interface NodeFile {
  stat(): Promise<NodeStats>;
  chmod(mode: number): Promise<void>;
  /** -1 leaves one as it is. */
  chown(uid: number, gid: number): Promise<void>;
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
  readonly platform?: string;
  cwd(): string;
  getBuiltinModule?(name: 'node:fs/promises'): NodeFs;
}

function nodeProcess(): NodeProcess | undefined {
  return (globalThis as { process?: NodeProcess }).process;
}

/**
 * Node's file system; undefined where there is none.
 *
 * It comes from the running process, not from an import: a bundler for browsers would fail on a `node:` module.
 *
 * @see https://nodejs.org/api/process.html#processgetbuiltinmoduleid (Node >= 20.16)
 */
export function nodeFs(): NodeFs | undefined {
  return nodeProcess()?.getBuiltinModule?.('node:fs/promises');
}

/** The directory that relative paths start at. */
export function workingDirectory(): string {
  return nodeProcess()?.cwd() ?? '/';
}

/** A path without its last part, but with the separator before that: '' for a name alone. */
export function folderOf(path: string): string {
  return path.replace(nodeProcess()?.platform === 'win32' ? /[^/\\]*$/ : /[^/]*$/, '');
}

/** Whether a path starts at a root: a slash, or on Windows a backslash or a drive. */
export function isAbsolute(path: string): boolean {
  return /^([/\\]|[a-z]:[/\\])/i.test(path);
}
