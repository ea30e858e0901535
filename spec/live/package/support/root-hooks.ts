import { removeFolders } from './projects.js';

export const mochaHooks = { afterAll: removeFolders };
