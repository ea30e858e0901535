// Compiled, not run.
import 'tfjs-torch-rnn-native/register';
