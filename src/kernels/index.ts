/**
 * Registers every kernel of the package. Each entry whose layers run imports it. A kernel of another backend, such as one in
 * WGSL, gets a folder beside these, registers itself by `registerKernels` of contract.ts, and is imported here.
 */

import './cudnn/register.js';
import './host/register.js';
import './webgl/odd-products.js';
import './wasm/conv2d-backprop-filter.js';
import './wasm/depthwise-gradients.js';
import './tensor-scatter-update.js';
import './unsorted-segment-sum.js';
import './webgpu/register.js';
import './webgpu/transpose-integers.js';
