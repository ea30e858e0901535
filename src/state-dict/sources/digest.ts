import { message } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { formatError } from '../rules/format-codes.js';

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
