export { FormatError, StateDictError, UnsupportedError } from './errors.js';
