import { message } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { formatError } from '../rules/format-codes.js';

/**
 * The host's digests. Readers call this before they fetch a file, too, which could not be checked without.
 *
 * @throws UnsupportedError where the host has no Web Cryptography.
 */
export function requireSubtle(where: string): SubtleCrypto {
  // Absent on pages that are not served over https, although its type says otherwise.
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle) return subtle;
  const remedy = 'Serve the page over https, or leave sha256 out';
  throw new UnsupportedError(message(where, 'sha256', 'a host with crypto.subtle', 'one without', remedy));
}

/**
 * Checks a whole file against its SHA-256, as `sha256sum` prints it.
 *
 * @throws FormatError where they differ, UnsupportedError where the host has no Web Cryptography.
 */
export async function checkDigest(where: string, bytes: Uint8Array, sha256: string): Promise<void> {
  const subtle = requireSubtle(where);
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (hex === sha256.toLowerCase()) return;
  const remedy = 'It is damaged, or another version';
  throw formatError('DAMAGED', where, 'file', `SHA-256 ${sha256.toLowerCase()}`, hex, remedy);
}
