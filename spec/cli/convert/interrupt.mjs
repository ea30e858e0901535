/** Preloaded: sends this process Ctrl-C at the moment of writing a file that INTERRUPT_AT names, and goes on when it has arrived. */
import fs from 'node:fs/promises';

const moment = process.env.INTERRUPT_AT;
const { open, rename } = fs;

function interrupt() {
  return new Promise((resolve) => {
    // Nothing else keeps the process alive meanwhile.
    const alive = setInterval(() => {}, 1000);
    process.once('SIGINT', () => resolve(clearInterval(alive)));
    process.kill(process.pid, 'SIGINT');
  });
}

fs.open = async (path, flags, ...rest) => {
  const file = await open(path, flags, ...rest);
  if (moment === 'opened' && flags === 'wx') await interrupt();
  return file;
};

fs.rename = async (from, to) => {
  if (moment === 'renaming') await interrupt();
  await rename(from, to);
  if (moment === 'renamed') await interrupt();
};
