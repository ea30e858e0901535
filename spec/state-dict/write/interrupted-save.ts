/** Starts to save over the file that is its argument, and stops when half of the bytes are written. */
import { type NodeFile, type NodeFs, nodeFs } from '../../../src/state-dict/sources/disk/node-fs.js';
import { writeAtomically } from '../../../src/state-dict/write/file.js';

const fs = nodeFs() as NodeFs;
const open: NodeFs['open'] = async (path, flags) => {
  const file = await fs.open(path, flags);
  let writes = 0;
  const write: NodeFile['write'] = async (...args) => {
    if (writes++ === 0) return file.write(...args);
    console.log('half');
    return new Promise(() => setInterval(() => {}, 1000));
  };
  const chmod = (mode: number) => file.chmod(mode);
  return {
    stat: () => file.stat(),
    chmod,
    chown: (uid: number, gid: number) => file.chown(uid, gid),
    read: file.read,
    write,
    sync: () => file.sync(),
    close: () => file.close(),
  };
};
await writeAtomically('spec', { ...fs, open }, process.argv[2], [new Uint8Array(1000), new Uint8Array(1000)]);
