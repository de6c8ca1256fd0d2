/**
 * ONNX Runtime sessions over traced graphs: creation, typed feeds, release. Loaded lazily, because the native library
 * takes time to start. Knows graphs (src/trace) and nothing of models.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { writeFileAtomically } from '../base/files.ts';
import type { ExecutionProvider } from '../options/predict.ts';
import type { Graph } from '../trace/graph.ts';
import { externalOnnx, onnxBytes } from '../trace/onnx-proto.ts';
import { BATCH_TOKENS } from './length-batches.ts';
import { loadRuntime } from './load-runtime.ts';

/** Settings of a session. */
export interface SessionSettings {
  provider?: ExecutionProvider;
  /** Threads inside one operation; ONNX Runtime's choice (the physical cores) where absent. */
  threads?: number;
  /** Writes an ONNX Runtime profile with this file prefix. */
  profile?: string;
  /** Graph optimization level; `all` unless said. */
  optimization?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Writes the optimized graph to this file. */
  optimizedModelPath?: string;
  /** Bytes of weights beyond which they go into a file beside the graph; what protobuf can hold, unless said. */
  largestModel?: number;
}

/** Typed values of a feed. */
export type FeedData = Float32Array | Int32Array;

/** An input of a run. */
export interface Feed {
  data: FeedData;
  shape: number[];
}

/** A running graph. */
export interface GraphSession {
  /** Tokens in a batch with which it is fastest. */
  batchTokens: number;
  /**
   * Runs the graph; outputs come back in fresh arrays (onnxruntime-node copies each once, also into preallocated tensors).
   * ONNX Runtime computes on the calling thread: the event loop stands still meanwhile.
   */
  run(feeds: Record<string, Feed>, outputs: string[]): Promise<Record<string, FeedData>>;
  /** Releases native memory. */
  dispose(): Promise<void>;
}

/** A session of ONNX Runtime. */
export interface OnnxSession extends GraphSession {
  /** Names of the graph's inputs and outputs, in its order. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** As above; outputs named in `into` are written there as well and not returned. */
  run(feeds: Record<string, Feed>, outputs: string[], into?: Record<string, Feed>): Promise<Record<string, FeedData>>;
}

/** Protobuf ends at 2 GiB; what a graph has beside its weights is far less than the difference. */
const LARGEST_MODEL = 2 ** 31 - 2 ** 26;

const weightBytes = ({ initializers }: Graph): number => initializers.reduce((sum, { data }) => sum + data.byteLength, 0);

/** Writes a graph and its weights as two files, which are gone again when the session is made: it has read or mapped them then. */
async function withExternalOnnx<T>(graph: Graph, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'glz-onnx-'));
  try {
    const { model, weights } = externalOnnx(graph, 'weights.bin');
    writeFileAtomically(join(folder, 'weights.bin'), weights);
    writeFileAtomically(join(folder, 'model.onnx'), model);
    return await use(join(folder, 'model.onnx'));
  } finally {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Windows does not remove a file that is mapped: it stays until the temporary folder is cleaned.
    }
  }
}

/** Creates a session from a graph or from an ONNX file's path or bytes. */
export async function createGraphSession(model: Graph | string | Uint8Array, settings: SessionSettings = {}): Promise<OnnxSession> {
  const ort = await loadRuntime();
  const { provider = 'cpu', threads, profile, optimization = 'all', optimizedModelPath, largestModel = LARGEST_MODEL } = settings;
  const options: InferenceSession.SessionOptions = {
    executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
    graphOptimizationLevel: optimization,
    logSeverityLevel: 3,
    // A pattern is a plan of the memory of one set of shapes, kept for each: here every batch has its own, and memory would grow with them.
    enableMemPattern: false,
    ...(threads ? { intraOpNumThreads: threads } : {}),
    ...(profile ? { enableProfiling: true, profileFilePrefix: profile } : {}),
    ...(optimizedModelPath ? { optimizedModelFilePath: optimizedModelPath } : {}),
  };
  const create = (source: string | Uint8Array) =>
    typeof source === 'string' ? ort.InferenceSession.create(source, options) : ort.InferenceSession.create(source, options);
  let session: InferenceSession;
  if (typeof model === 'string' || model instanceof Uint8Array) session = await create(model);
  else if (weightBytes(model) <= largestModel) session = await create(onnxBytes(model));
  else session = await withExternalOnnx(model, create);
  const tensorOf = ({ data, shape }: Feed): Tensor =>
    data instanceof Int32Array ? new ort.Tensor('int32', data, shape) : new ort.Tensor('float32', data, shape);
  let released = false;
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    batchTokens: provider === 'cpu' ? BATCH_TOKENS.processor : BATCH_TOKENS.gpu,
    async run(feeds, outputs, into = {}) {
      const inputs: Record<string, Tensor> = {};
      for (const [name, feed] of Object.entries(feeds)) inputs[name] = tensorOf(feed);
      const fetches: Record<string, Tensor | null> = {};
      for (const name of outputs) fetches[name] = into[name] ? tensorOf(into[name]) : null;
      const results = await session.run(inputs, fetches);
      return Object.fromEntries(outputs.filter((name) => !into[name]).map((name) => [name, results[name].data as FeedData]));
    },
    async dispose() {
      if (released) return;
      released = true;
      if (profile) session.endProfiling();
      await session.release();
    },
  };
}
