// @ts-check
// Runs a module in what tfjs takes for a web worker: no process object, and a worker's global scope.
const [, , module, ORIGIN] = process.argv;
Reflect.deleteProperty(globalThis, 'process');
Object.assign(globalThis, { self: globalThis, WorkerGlobalScope: Object, ORIGIN });
await import(module);
