import { closeBrowser } from './chromium.js';
import { stopServer } from './server.js';

export const mochaHooks = {
  async afterAll(): Promise<void> {
    await closeBrowser();
    stopServer();
  },
};
