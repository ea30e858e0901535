/**
 * Importing this lets a program go on quietly when nobody reads its output any more, as in `npm run demo | head -2`: what it
 * saves is still saved, and what it made is still removed.
 */

for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
