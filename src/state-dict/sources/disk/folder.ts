/** What to do with a folder in place of a file, by what is in it. */

import { show } from '../../../check.js';
import type { NodeFs } from './node-fs.js';

const NAME_A_FILE = 'Name the file in it; a model in several files needs its model.safetensors.index.json';

export async function folderRemedy(fs: NodeFs, folder: string | URL): Promise<string> {
  const path = pathOf(folder);
  const has = async (name: string): Promise<boolean> =>
    (await fs
      .stat(typeof folder === 'string' ? `${path}/${name}` : new URL(`${path}/${name}`))
      .catch(() => undefined)) !== undefined;
  if (await has('.metadata')) {
    return (
      'If torch.distributed.checkpoint wrote it, make one file of it: ' +
      `python -m torch.distributed.checkpoint.format_utils dcp_to_torch ${show(path)} model.pt`
    );
  }
  if ((await has('data.pkl')) && (await has('version'))) {
    const [, parent = '.', name = path] = /^(.*)[/\\]([^/\\]+)$/.exec(path) ?? [];
    const where = `${show(parent === '' ? '/' : parent)}, ${show(name)}`;
    return (
      'It is an unpacked file of torch.save: pack it in Python, ' +
      `shutil.make_archive("model", "zip", ${where}), and read model.zip`
    );
  }
  return NAME_A_FILE;
}

function pathOf(folder: string | URL): string {
  return `${folder}`.replace(/(.)[/\\]+$/, '$1');
}
