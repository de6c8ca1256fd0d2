/** tfjs with its CPU backend and gradients, for eager runs in tests, without its notice that a native backend would be faster. */
// Not its build for Node, which spreads arrays by hand: a fifth of the time of an encoder goes into that.
import '@tensorflow/tfjs-backend-cpu/dist/tf-backend-cpu.es2017.js';
import * as tf from '@tensorflow/tfjs-core';
import { useGradients } from '../src/trace/gradients.ts';

tf.env().set('PROD', true);
useGradients();
