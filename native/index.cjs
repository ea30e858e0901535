'use strict';
// Loads the addon for this system: that of the package for it, or the one that a clone has built.
const { createRequire } = require('node:module');

module.exports = load();

/** Undefined where this package has no binary: for systems that it is not compiled for, and in a clone that has built none. */
function load() {
  const target = `${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`;
  const find = createRequire(here());
  // The last is for bundles: the file of the package for this system, copied beside them.
  for (const place of [
    `tfjs-torch-rnn-native-${target}/engine.node`,
    `./build/${target}/engine.node`,
    './engine.node',
  ]) {
    const path = pathOf(find, place);
    if (path === undefined) continue;
    checkProgram();
    return find(path);
  }
  return undefined;
}

/** This file; bundled as an ES module it has no name, and then the program stands for it. */
function here() {
  return typeof __filename === 'undefined' ? process.argv[1] : __filename;
}

function pathOf(find, place) {
  try {
    return find.resolve(place);
  } catch {
    return undefined;
  }
}

/** On Windows the binary asks for the functions of node.exe: elsewhere Windows would look for a second Node to take them from. */
function checkProgram() {
  const { platform, execPath } = process;
  if (platform === 'win32' && !/(^|[\\/])node\.exe$/i.test(execPath))
    throw new Error(`on Windows it runs in node.exe alone, and this is ${execPath}`);
}

function isMusl() {
  const { platform, report } = process;
  if (platform !== 'linux') return false;
  const { excludeNetwork } = report;
  try {
    // Else the report asks the network for the names of those that this process is connected to.
    report.excludeNetwork = true;
    return report.getReport().header.glibcVersionRuntime === undefined;
  } catch {
    // Deno asks for a permission, and is compiled for glibc alone.
    return false;
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}
