// @ts-check
import { rename, writeFile } from 'node:fs/promises';

/**
 * Puts a file in place in one step: whoever reads it sees the old text or the new one.
 *
 * @param {URL} file
 * @param {string} text
 */
export async function replaceFile(file, text) {
  const temporary = new URL(`${file.href}.${process.pid}.tmp`);
  await writeFile(temporary, text);
  await rename(temporary, file);
}
