// Imports point one way: cli -> keras | models -> layers -> ops -> kernels/contract and layers -> nn, all and
// kernels to torch; state-dict stands alone.
// A folder of src imports itself, check.ts, errors.ts, spelling.ts, and the paths that stand here.
const IMPORTS = {
  'state-dict': [],
  matching: ['state-dict'],
  torch: ['matching/faults', 'matching/reparametrised', 'state-dict'],
  kernels: ['tfjs-internals', 'torch'],
  nn: [],
  ops: ['kernels/contract', 'nn/empty', 'tfjs-internals', 'torch'],
  layers: ['kernels/contract', 'matching', 'nn', 'ops', 'state-dict', 'tfjs-internals', 'torch'],
  models: ['layers', 'matching', 'state-dict', 'tfjs-internals', 'torch'],
  keras: ['kernels/contract', 'kernels/index', 'layers', 'ops', 'state-dict', 'tfjs-internals', 'torch'],
  program: [
    'kernels/contract',
    'kernels/index',
    'kernels/webgl/tensor-scatter-update',
    'layers',
    'matching/add-to',
    'nn',
    'ops',
    'state-dict',
    'tfjs-internals',
    'torch',
  ],
  cli: ['matching/reparametrised', 'program/archive', 'program/graph', 'state-dict', 'torch'],
};
const TFJS_IN_CLI =
  '^src/cli/(doctor/(examine|packages)|inspect/program/missing|verify/(load-tfjs|start-backend|layer/run-layer|model/(run-model|rebuild|graph-variants)|program/run-program))\\.ts$';

export default {
  forbidden: [
    ...Object.entries(IMPORTS).map(([folder, others]) => ({
      name: `imports-of-${folder}`,
      severity: 'error',
      from: { path: `^src/${folder}/`, pathNot: TFJS_IN_CLI },
      to: {
        path: '^src/',
        pathNot: `^src/(check\\.ts$|errors\\.ts$|spelling\\.ts$|${[folder, ...others].map((path) => `${path}[/.]`).join('|')})`,
      },
    })),
    {
      name: 'no-tfjs',
      comment:
        'The readers, and what a file says of its modules, work without tfjs; so does the command line but verify.',
      severity: 'error',
      from: { path: '^src/(state-dict|torch|matching|cli|program/(archive|graph))/', pathNot: TFJS_IN_CLI },
      to: { path: '@tensorflow/' },
    },
    {
      name: 'dependencies-alone',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: 'node_modules/', pathNot: 'node_modules/(@tensorflow/tfjs-(core|layers)|fflate)/' },
    },
    {
      name: 'unresolved',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-node',
      comment: 'src runs in browsers: state-dict/sources/disk/node-fs.ts asks the running process for Node.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { dependencyTypes: ['core'] },
    },
    { name: 'no-circles', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
  ],
  options: { tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' } },
};
