/** tfjs with its CPU backend and gradients, for eager runs in tests, without its notice that a native backend would be faster. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { useGradients } from '../src/trace/gradients.ts';

tf.env().set('PROD', true);
useGradients();
