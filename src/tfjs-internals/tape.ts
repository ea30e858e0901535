/** The tape on which tfjs records what gradients need. */

import { engine, type Tensor } from '@tensorflow/tfjs-core';
import { expectPart } from './expect-part.js';

/** How many gradients are being recorded inside each other. */
export function gradientDepth(): number {
  const depth: unknown = engine().state.gradientDepth;
  expectPart('Engine.state.gradientDepth', 'a number', typeof depth === 'number', depth);
  return depth as number;
}

/**
 * The tape that records, or whose gradients are being computed; nested gradients share it. Undefined where tfjs has only left
 * one behind as the active tape, since a loss or a gradient has thrown: nothing records then, and no scope of gradients is open.
 */
export function liveTape(): object | undefined {
  const { activeTape, scopeStack } = engine().state;
  expectPart('Engine.state.scopeStack', 'an array', Array.isArray(scopeStack), scopeStack);
  const isLive = gradientDepth() > 0 || scopeStack.some(({ name }) => name === 'backward');
  return isLive ? (activeTape ?? undefined) : undefined;
}

interface TapeNode {
  readonly kernelName: string;
  readonly saved: Tensor[];
}

/** The tape that recorded last, and what {@link saveOnTape} has added to it. */
let lastTape: object | undefined;
const savedOnLast: Tensor[] = [];

/**
 * Adds to what the tape has saved for the gradient of the kernel that it recorded last; tfjs disposes it with the tape, and
 * hands it to the `gradFunc`. The configuration of a gradient can save inputs and outputs as well, but by copies on wasm.
 */
export function saveOnTape(kernelName: string, tensors: readonly Tensor[]): void {
  const tape = engine().state.activeTape as unknown as readonly TapeNode[] | null;
  const node = tape?.at(-1);
  const isOurs = node?.kernelName === kernelName && Array.isArray(node.saved);
  expectPart('Engine.state.activeTape', `to end with a node of ${kernelName}`, isOurs, node?.kernelName);
  disposeOfDeadTape();
  lastTape = tape ?? undefined;
  savedOnLast.push(...tensors);
  node?.saved.push(...tensors);
}

/**
 * Disposes what was saved on a tape that is over. tfjs does so itself where the gradients were made; where the loss or a
 * gradient threw it never does.
 */
export function disposeOfDeadTape(): void {
  if (lastTape === undefined || lastTape === liveTape()) return;
  lastTape = undefined;
  for (const tensor of savedOnLast.splice(0)) tensor.dispose();
}
