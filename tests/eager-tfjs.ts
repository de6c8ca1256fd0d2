/** tfjs with its CPU backend, for eager runs in tests, without its notice that a native backend would be faster. */
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';

tf.env().set('PROD', true);
