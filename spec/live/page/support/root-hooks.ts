import { closeBrowser } from './chromium.js';
import { stopServers } from './server.js';

export const mochaHooks = {
  async afterAll(): Promise<void> {
    await closeBrowser();
    await stopServers();
  },
};
