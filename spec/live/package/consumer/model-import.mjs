// @ts-check
import * as tf from '@tensorflow/tfjs';
import * as library from 'tfjs-torch-rnn';
import { scenario } from './scenario.mjs';

await scenario(tf, library);
