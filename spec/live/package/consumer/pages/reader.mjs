// @ts-check
// A service worker that reads the file named in each message, and answers with the names of its tensors or the error.
import { readStateDict } from 'tfjs-torch-rnn/state-dict';

addEventListener('message', async ({ data, ports: [port] }) => {
  const names = readStateDict(data).then((stateDict) => [...stateDict.keys()]);
  port.postMessage(await names.catch(String));
});
