import { getKernel, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';

/**
 * Puts a kernel in the place of a backend's own, whichever package is imported first: now, if the backend has registered its
 * kernels, and each time that the backend becomes the active one, when it has.
 *
 * @param instead makes the kernel of the present one; returns the present one to leave it.
 */
export function replaceKernel(
  kernelName: string,
  backendName: string,
  instead: (present: KernelFunc) => KernelFunc,
): void {
  let ours: KernelFunc | undefined;
  const replace = (): void => {
    const present = getKernel(kernelName, backendName);
    if (present === undefined || present.kernelFunc === ours) return;
    const kernelFunc = instead(present.kernelFunc);
    if (kernelFunc === present.kernelFunc) return;
    // Else tfjs warns that there is one already.
    unregisterKernel(kernelName, backendName);
    registerKernel({ ...present, kernelFunc });
    ours = kernelFunc;
  };
  replace();
  // tf.setBackend runs the setup of every kernel of the backend; nobody calls this one.
  registerKernel({
    kernelName: `TorchSetup${kernelName}`,
    backendName,
    kernelFunc: () => [],
    setupFunc: replace,
  });
}
