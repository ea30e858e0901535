/** Counts what WebGL and WebGPU are told to do, by everything in this page. */

export interface GpuWork {
  /** Draws of WebGL, `dispatchWorkgroups` of WebGPU. */
  readonly dispatches: number;
  /** Transfers from the GPU to JavaScript. */
  readonly reads: number;
  readonly bytesRead: number;
  /** Programs that WebGL has linked, compute pipelines that WebGPU has made. */
  readonly programs: number;
}

type Counts = { -readonly [K in keyof GpuWork]: number };
type Method = (...args: unknown[]) => unknown;
/** Counts one call of a method. */
type Count = (counts: Counts, self: object, args: readonly unknown[]) => void;

const dispatch: Count = (counts) => {
  counts.dispatches++;
};

const program: Count = (counts) => {
  counts.programs++;
};

function read(counts: Counts, bytes: number): void {
  counts.reads++;
  counts.bytesRead += bytes;
}

/** readPixels(x, y, width, height, format, type, destination): a number is a place in a buffer of the GPU, which is read later. */
const readPixels: Count = (counts, _gl, args) => {
  const destination = args[6];
  if (ArrayBuffer.isView(destination)) read(counts, destination.byteLength);
};

/** getBufferSubData(target, from, destination) */
const readBuffer: Count = (counts, _gl, args) => read(counts, (args[2] as ArrayBufferView).byteLength);

const MAP_READ = 1;

/** mapAsync(mode, offset, size) */
const mapBuffer: Count = (counts, buffer, [mode, offset = 0, size]) => {
  const rest = (buffer as { readonly size: number }).size - (offset as number);
  if (mode === MAP_READ) read(counts, (size as number | undefined) ?? rest);
};

/** By global class. */
const COUNTED: Readonly<Record<string, Readonly<Record<string, Count>>>> = {
  WebGL2RenderingContext: {
    drawElements: dispatch,
    drawArrays: dispatch,
    linkProgram: program,
    readPixels,
    getBufferSubData: readBuffer,
  },
  GPUComputePassEncoder: { dispatchWorkgroups: dispatch, dispatchWorkgroupsIndirect: dispatch },
  GPUDevice: { createComputePipeline: program, createComputePipelineAsync: program },
  GPUBuffer: { mapAsync: mapBuffer },
};

export interface GpuWatch {
  /** Since the watch began. */
  readonly work: GpuWork;
  stop(): void;
}

/** Begins to count. A page without WebGL or WebGPU has no work there. */
export function watchGpu(): GpuWatch {
  const counts: Counts = { dispatches: 0, reads: 0, bytesRead: 0, programs: 0 };
  const undo: (() => void)[] = [];
  for (const [name, methods] of Object.entries(COUNTED)) {
    const owner = (
      globalThis as unknown as Record<string, { prototype: Record<string, Method> } | undefined>
    )[name];
    if (!owner) continue;
    const { prototype } = owner;
    for (const [method, count] of Object.entries(methods)) {
      const original = prototype[method] as Method;
      prototype[method] = function (this: object, ...args) {
        count(counts, this, args);
        return original.apply(this, args);
      };
      undo.push(() => {
        prototype[method] = original;
      });
    }
  }
  return {
    get work() {
      return { ...counts };
    },
    stop: () => {
      for (const each of undo) each();
    },
  };
}

/** The work of `body` alone, which has to wait for what it reads. */
export async function gpuWorkOf(body: () => unknown): Promise<GpuWork> {
  const watch = watchGpu();
  try {
    await body();
    return watch.work;
  } finally {
    watch.stop();
  }
}
