/** The same layers composed of tf ops, as they run on a backend without a kernel of ours. */

import { startPeer } from './ours.js';
import type { StartPeer } from './peer.js';

export const start: StartPeer = (options) => startPeer(options, 'reference');
