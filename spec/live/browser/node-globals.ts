/** Makes modules that use these globals import them, so that what needs Node is seen in the imports. */
export { Buffer } from 'node:buffer';
export { default as process } from 'node:process';
export { setImmediate } from 'node:timers';
