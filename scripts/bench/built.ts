/**
 * A module of the package as its users run it, compiled by `npm run build`. What tsx makes of the source has a call more
 * for every function that is created, closures too.
 */
export async function importBuilt<T>(path: string): Promise<T> {
  const { href } = new URL(`../../dist/${path}`, import.meta.url);
  try {
    return (await import(href)) as T;
  } catch (cause) {
    throw new Error(`dist/${path} cannot be loaded. Run \`npm run build\``, { cause });
  }
}
