// Compiled, not run: CommonJS where TypeScript knows no `require` of ES modules (TS1479), which Node has since 20.19: module
// nodenext and node20 allow it. Here values come by import().
import type { GRU } from 'tfjs-torch-rnn' with { 'resolution-mode': 'import' };

const layer: Promise<GRU> = import('tfjs-torch-rnn').then(({ gru }) => gru({ hiddenSize: 4 }));
void layer;
