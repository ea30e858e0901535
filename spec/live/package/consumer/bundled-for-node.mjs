// @ts-check
import 'tfjs-torch-rnn-native/register';
import './runtime.cjs';
