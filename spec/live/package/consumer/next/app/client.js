'use client';

import * as tf from '@tensorflow/tfjs';
import { createElement, useEffect } from 'react';
import { describeKernels, gru, loadStateDict } from 'tfjs-torch-rnn';
import { program } from '../../program.mjs';

export function Client({ onServer }) {
  useEffect(() => {
    program(tf, { describeKernels, gru, loadStateDict }).then((onClient) => {
      globalThis.result = { onServer, onClient };
    });
  }, [onServer]);
  return createElement('p', null, `${onServer.predictions}`);
}
