import { closeBrowser } from './browser.js';
import { removeFolders } from './projects.js';

export const mochaHooks = { afterAll: [closeBrowser, removeFolders] };
