// Compiled, not run: the root entry for the resolution that knows no exports map.
import { type GRU, gru } from 'tfjs-torch-rnn';

export const layer: GRU = gru({ hiddenSize: 4 });

// @ts-expect-error hiddenSize is required
gru({});
