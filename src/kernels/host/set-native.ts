import { checkBoolean, message } from '../../check.js';
import { host } from './host.js';
import { isNativeOn, turnNative } from './runtime/find-native.js';

/**
 * Turns the native engine off, or on again, before the first layer runs or `describeKernels` is called: they start the engine. While it
 * is on, layers run on it in Node where the package `tfjs-torch-rnn-native` is installed; while it is off, and elsewhere, on the engine in
 * WebAssembly. The variable `TFJS_TORCH_RNN_NATIVE=0` turns it off, too.
 *
 * @param isOn @default true
 * @throws TypeError for no boolean; Error for a change after the engine has started.
 */
export function setNative(isOn: boolean): void {
  checkBoolean('setNative', 'isOn', isOn);
  if (isOn === isNativeOn()) return;
  if (host.hasStarted) {
    const remedy = 'Call it where the program begins: layers start the engine, and so does describeKernels';
    throw new Error(message('setNative', 'call', 'one before the engine starts', 'one after it', remedy));
  }
  turnNative(isOn);
}
