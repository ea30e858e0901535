// @ts-check
// The two packages of tfjs for Node, and the wheel that each one is built against where its own download fails.

/**
 * @typedef {object} NodePackage
 * @property {string} name of the npm package
 * @property {string} wheel of the Python package whose library it is linked with
 * @property {number} wheelBytes
 * @property {number} unpackedBytes of the library and its headers, and some room
 */

export const VERSION = '4.22.0';
export const WHEEL_VERSION = '2.15.1';

/** @type {NodePackage} */
export const CPU = {
  name: '@tensorflow/tfjs-node',
  wheel: 'tensorflow-cpu',
  wheelBytes: 207e6,
  unpackedBytes: 0.8e9,
};

/** @type {NodePackage} */
export const GPU = {
  name: '@tensorflow/tfjs-node-gpu',
  wheel: 'tensorflow',
  wheelBytes: 475e6,
  unpackedBytes: 1.125e9,
};
