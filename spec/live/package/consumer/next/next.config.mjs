import { fileURLToPath } from 'node:url';

/** The folder that holds node_modules of this project and of its tools. */
const root = fileURLToPath(new URL('../../..', import.meta.url));

export default { turbopack: { root }, outputFileTracingRoot: root };
