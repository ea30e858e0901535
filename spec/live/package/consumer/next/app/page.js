// Rendered on the server at each request, and run again on the client.
import * as tf from '@tensorflow/tfjs';
import { createElement } from 'react';
import { describeKernels, gru, loadStateDict } from 'tfjs-torch-rnn';
import { program } from '../../program.mjs';
import { Client } from './client.js';

export const dynamic = 'force-dynamic';

export default async function Page() {
  const onServer = await program(tf, { describeKernels, gru, loadStateDict });
  return createElement(Client, { onServer });
}
