'use strict';
// Loads the addon for this system: the one that a clone has built, or that of the package for this platform.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

function isMusl() {
  return process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;
}

const target = `${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`;
const built = join(__dirname, 'build', target, 'engine.node');
const isBuilt = existsSync(built);

/** Undefined where this package has no binary: in a clone that has built none. */
module.exports = isBuilt ? require(built) : requireOptional(`tfjs-torch-rnn-native-${target}`);

function requireOptional(name) {
  let path;
  try {
    path = require.resolve(`${name}/engine.node`);
  } catch {
    return undefined;
  }
  return require(path);
}
