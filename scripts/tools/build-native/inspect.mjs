// @ts-check
// What a compiled library may offer and ask for: the linkers of Linux and macOS find no fault with a function that does not exist.
import { createRequire } from 'node:module';
import { SetupError } from '../setup-tfjs-node/setup-error.mjs';
import { readLibrary } from './libraries.mjs';
import { TARGETS } from './targets.mjs';

const requireThere = createRequire(new URL('../../../native/', import.meta.url));
/** @type {{ symbols: { v8: Record<'node_api_symbols' | 'js_native_api_symbols', string[]> } }} */
const { symbols } = requireThere('node-api-headers');

/** Functions of Node-API 8. */
const NODE_API = new Set([...symbols.v8.node_api_symbols, ...symbols.v8.js_native_api_symbols]);

const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

/** What the linker for macOS adds. */
const OF_LINKER = ['__dso_handle', '_mh_dylib_header'];

/** The oldest glibc that has what is imported is 2.17. */
const GLIBC_MINOR = 17;

const OF_POSIX =
  'calloc free memcpy memmove memset strcmp clock_gettime pthread_create pthread_join __errno_location __tls_get_addr syscall';
const OF_MACOS =
  'calloc free memcpy memmove memset bzero __bzero strcmp clock_gettime pthread_create pthread_join __error ' +
  '__ulock_wait __ulock_wake _tlv_bootstrap dyld_stub_binder';

/**
 * By the start of a target's name: the libraries that it may be linked to, and the functions that it may take of them. On Windows
 * the linker finds every function in a library.
 *
 * @type {readonly (readonly [start: string, libraries: RegExp, functions?: Set<string>])[]}
 */
const SYSTEMS = [
  ['linux', /^(libc\.so(\.6)?|libpthread\.so\.0|ld-linux-[\w-]+\.so\.\d)$/, new Set(OF_POSIX.split(' '))],
  ['darwin', /^\/usr\/lib\/libSystem\.B\.dylib$/, new Set(OF_MACOS.split(' '))],
  ['win32', /^(node\.exe|kernel32\.dll|api-ms-win-(crt-\w+-l1-1-0|core-synch-l1-2-0)\.dll)$/i],
];

/**
 * @param {string} target
 * @param {Buffer} bytes
 * @throws {SetupError} where the library is none for the target
 */
export function inspect(target, bytes) {
  const { arch, exports, imports, libraries, versions, isSigned } = readLibrary(bytes);
  const [, known, functions] = SYSTEMS.find(([start]) => target.startsWith(start)) ?? [];
  const isMusl = target.endsWith('-musl');
  const stray = imports.filter((name) =>
    /^(napi|node_api)_/.test(name) ? !NODE_API.has(name) : functions && !functions.has(name),
  );
  const late = versions.filter((version) => Number(version.split('.')[1]) > GLIBC_MINOR);
  const exported = exports.filter((name) => !OF_LINKER.includes(name)).sort();
  /** @type {readonly (readonly [what: string, expected: unknown, got: unknown])[]} */
  const facts = [
    ['processor', TARGETS[target]?.arch, arch],
    ['exports', EXPORTS.join(), exported.join()],
    ['imports that Node-API 8 and the system lack', '', stray.join()],
    ['libraries that a system lacks', '', libraries.filter((name) => !known?.test(name)).join()],
    ['C library', !target.startsWith('linux') || isMusl, !libraries.includes('libc.so.6')],
    [`imports of a later glibc than 2.${GLIBC_MINOR}`, '', late.join()],
    // macOS runs nothing for its own processors that is not signed.
    ['signature', target === 'darwin-arm64', isSigned],
  ];
  for (const [what, expected, got] of facts)
    if (got !== expected) throw new SetupError(`${target}: ${what}: expected ${expected}, got ${got}`);
}
