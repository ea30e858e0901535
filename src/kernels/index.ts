/** Registers every kernel of the package. Each entry whose layers run imports it. */

import './host/register.js';
import './wasm/unsorted-segment-sum.js';
