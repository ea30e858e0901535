/** Names of tensors that a file holds under another name. */

/** By each name that is left out, the name of the tensor that the file has in its place. */
export type Ties = ReadonlyMap<string, string>;

/** The framework that wrote a file: `{ "format": "pt" }`. */
const FORMAT_KEY = 'format';

/**
 * The ties in the metadata of a file: of tensors that share their memory `safetensors.torch.save_model` writes one, and
 * `{ "fc.weight": "embedding.weight" }` into the metadata for the others.
 *
 * Metadata are any text, so an entry counts only where its value is the name of a tensor, or of another such entry, and its key is
 * not. The entry `format` never counts: a parameter of the root that has this name would be the only one to lose.
 *
 * @see https://huggingface.co/docs/safetensors/torch_shared_tensors
 */
export function tiesIn(metadata: ReadonlyMap<string, string>, isTensor: (name: string) => boolean): Ties {
  const ties = new Map<string, string>();
  const seen = new Set<string>();
  const isEntry = (name: string): boolean => name !== FORMAT_KEY && metadata.has(name);
  for (const first of metadata.keys()) {
    const path: string[] = [];
    let name = first;
    // Each entry is followed once; one that leads back to itself ends where it was seen before.
    while (!isTensor(name) && isEntry(name) && !seen.has(name)) {
      seen.add(name);
      path.push(name);
      name = metadata.get(name) as string;
    }
    const tensor = isTensor(name) ? name : ties.get(name);
    if (tensor !== undefined) for (const tied of path) ties.set(tied, tensor);
  }
  return ties;
}
