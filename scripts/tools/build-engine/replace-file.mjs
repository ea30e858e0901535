// @ts-check
import { rename, writeFile } from 'node:fs/promises';

/**
 * Puts a file in place in one step: whoever reads it sees the old file or the new one.
 *
 * @param {URL} file
 * @param {string | Uint8Array} content
 */
export async function replaceFile(file, content) {
  const temporary = new URL(`${file.href}.${process.pid}.tmp`);
  await writeFile(temporary, content);
  await rename(temporary, file);
}
