import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { formatError } from '../rules/format-codes.js';

/** @throws TypeError for anything but text, RangeError for text that is no SHA-256 in hexadecimal digits. */
export function checkSha256(where: string, sha256: unknown): asserts sha256 is string | undefined {
  if (sha256 === undefined) return;
  const rule = '64 hexadecimal digits';
  if (typeof sha256 !== 'string') throw new TypeError(message(where, 'sha256', rule, show(sha256)));
  if (!/^[0-9a-f]{64}$/i.test(sha256)) throw new RangeError(message(where, 'sha256', rule, show(sha256)));
}

/**
 * What computes digests. Asked for before a file is fetched, too: one that could not be checked need not come.
 *
 * @throws UnsupportedError where the host has no Web Cryptography.
 */
export function requireSubtle(where: string): SubtleCrypto {
  // Absent from pages that are not served over https, whatever their types say.
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle) return subtle;
  const remedy = 'Serve the page over https, or leave sha256 out';
  throw new UnsupportedError(message(where, 'sha256', 'a host with crypto.subtle', 'one without', remedy));
}

/**
 * Holds a whole file to its SHA-256, as `sha256sum` prints it.
 *
 * @throws FormatError where it is another, UnsupportedError where the host has no Web Cryptography.
 */
export async function checkDigest(where: string, bytes: Uint8Array, sha256: string): Promise<void> {
  const subtle = requireSubtle(where);
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex === sha256.toLowerCase()) return;
  const remedy = 'It is damaged, or another version';
  throw formatError('SHA256_MISMATCH', where, 'file', `SHA-256 ${sha256.toLowerCase()}`, hex, remedy);
}
