// @ts-check
// What the native engine is compiled for.

/**
 * By the names that folders and packages have: process.platform, process.arch, and musl where the C library is that.
 *
 * @type {Readonly<Record<string, { target: string, arch: 'x64' | 'arm64' }>>}
 */
export const TARGETS = {
  'linux-x64': { target: 'x86_64-linux-gnu.2.17', arch: 'x64' },
  'linux-arm64': { target: 'aarch64-linux-gnu.2.17', arch: 'arm64' },
  'linux-x64-musl': { target: 'x86_64-linux-musl', arch: 'x64' },
  'linux-arm64-musl': { target: 'aarch64-linux-musl', arch: 'arm64' },
  'darwin-x64': { target: 'x86_64-macos.11.0', arch: 'x64' },
  'darwin-arm64': { target: 'aarch64-macos.11.0', arch: 'arm64' },
  'win32-x64': { target: 'x86_64-windows-gnu', arch: 'x64' },
  'win32-arm64': { target: 'aarch64-windows-gnu', arch: 'arm64' },
};

/**
 * The instruction sets of each architecture, and the processor that the compiler may take for granted. sets.c asks for the same.
 * Vectors of 512 bits have to be asked for: compilers prefer those of 256.
 *
 * @type {Readonly<Record<'x64' | 'arm64', Readonly<Record<string, string>>>>}
 */
export const SETS = {
  x64: { avx512: 'x86_64_v4-prefer_256_bit', avx2: 'x86_64_v3', sse2: 'x86_64' },
  arm64: { neon: 'generic' },
};

/**
 * The same for GCC and clang.
 *
 * @type {Readonly<Record<'x64' | 'arm64', Readonly<Record<string, readonly string[]>>>>}
 */
export const SETS_OF_CC = {
  x64: {
    avx512: ['-march=x86-64-v4', '-mprefer-vector-width=512'],
    avx2: ['-march=x86-64-v3'],
    sse2: ['-march=x86-64'],
  },
  arm64: { neon: ['-march=armv8-a'] },
};

/** Whether the C library of this Node is musl. */
function isMusl() {
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return process.platform === 'linux' && header.glibcVersionRuntime === undefined;
}

/** The name of this machine's target. */
export function targetHere() {
  return `${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`;
}
