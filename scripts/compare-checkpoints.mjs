// Compares the weights of two checkpoints: node scripts/compare-checkpoints.mjs A B LIMIT. Prints the largest difference; fails above LIMIT.
import { join } from 'node:path';
import { readSafetensors } from '../dist/weights/formats/safetensors.js';

const [first, second, limit] = process.argv.slice(2);
const [a, b] = [first, second].map((folder) => readSafetensors(join(folder, 'model.safetensors')));
let worst = { name: '', difference: 0, size: 0 };
for (const [name, { data }] of a) {
  // A key's bias changes no score: its gradient is rounding, which AdamW blows up to full steps.
  if (/key(_proj)?\.bias$/.test(name)) continue;
  const other = b.get(name).data;
  for (let i = 0; i < data.length; i++) {
    const difference = Math.abs(data[i] - other[i]);
    if (!(difference <= worst.difference)) worst = { name, difference, size: Math.abs(data[i]) };
  }
}
console.log(`largest difference of ${a.size} tensors: ${worst.difference.toExponential(2)} (${worst.name}, of ${worst.size.toExponential(2)})`);
if (a.size !== b.size || !(worst.difference <= Number(limit))) process.exit(1);
