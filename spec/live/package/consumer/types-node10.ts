// Compiled, not run: each entry for the resolution that knows no exports map.
import { type GRU, gru } from 'tfjs-torch-rnn';
import { loadKerasModel } from 'tfjs-torch-rnn/keras';
import 'tfjs-torch-rnn/node-shim';
import { parseStateDict, type StateDict } from 'tfjs-torch-rnn/state-dict';

export const layer: GRU = gru({ hiddenSize: 4 });

// @ts-expect-error hiddenSize is required
gru({});

export const weights: StateDict = parseStateDict(new Uint8Array());
// @ts-expect-error a source is required
loadKerasModel();
