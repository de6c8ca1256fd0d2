/**
 * Reads `pytorch_model.bin`: what torch.save makes of a state dict, in the zip container (torch 1.6 and later) and in the older one. The
 * file is untrusted: its pickle is interpreted by an allow-list that can build tensors and nothing else, and all sizes are checked before
 * memory is taken. Knows nothing of models. Format: torch/serialization.py (_save, _legacy_save) and torch/_utils.py (_rebuild_tensor_v2).
 */
import { DataError } from '../../base/errors.ts';
import { quoted } from '../../base/printable.ts';
import { type PickleContext, PickleFunction, readPickle } from './pickle.ts';
import { type RandomAccessFile, withRandomAccessFile } from './random-access-file.ts';
import { BYTES, decodeTensorData, elementCount, type WeightMap, type WeightTensor } from './safetensors.ts';
import { readZipDirectory, readZipEntry, type ZipEntry } from './zip-archive.ts';

/** A pickle of names and shapes is never longer; the numbers are not in it. */
const LONGEST_PICKLE = 64 * 2 ** 20;

/** torch.save's first pickle in the old container. */
const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

/** Tensors may share a storage, but all together are never much more than the storages; of views with gaps more is read than kept. */
const LARGEST_SHARING = 2;
const LARGEST_READING = 8;
const SHARING_ALLOWANCE = 1 << 20;

/** NumPy's limit; tensors of weights have up to five dimensions. */
const MOST_DIMENSIONS = 32;

/** Storage classes, by the type of the safetensors format that has the same bits. */
const STORAGE_TYPES: Readonly<Record<string, string>> = {
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  DoubleStorage: 'F64',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
  UntypedStorage: 'U8',
};

/** A storage class as a value of the pickle. */
class StorageType {
  readonly dtype: string;
  constructor(dtype: string) {
    this.dtype = dtype;
  }
}

/** A run of numbers in the file. */
class Storage {
  readonly key: string;
  readonly dtype: string;
  /** Elements. */
  readonly length: number;
  /** First element of this one in the storage of that key: views of the old container. */
  readonly start: number;
  constructor(key: string, dtype: string, length: number, start = 0) {
    this.key = key;
    this.dtype = dtype;
    this.length = length;
    this.start = start;
  }
}

/** A view of a storage, as torch._utils._rebuild_tensor_v2 gets it. */
class TensorView {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: number[];
  readonly strides: number[];
  constructor(storage: Storage, offset: number, shape: number[], strides: number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** The storages of a file. */
interface StorageReader {
  /** @throws DataError when a storage is not in the file, or shorter than it says */
  check(storage: Storage): void;
  /** Bytes of its elements `from` to `from + length`. */
  read(storage: Storage, from: number, length: number): ArrayBuffer;
}

/** What a pickle of a state dict may name and refer to. */
function torchContext(path: string): PickleContext {
  const fail = (why: string) => new DataError(`${path}: ${why}; the file is broken or no weight file`);

  const rebuildTensor = new PickleFunction(([storage, offset, shape, strides]) => {
    if (!(storage instanceof Storage)) throw fail('a tensor is made of something that is no storage');
    const count = Array.isArray(shape) && shape.length <= MOST_DIMENSIONS ? elementCount(shape) : undefined;
    if (count === undefined || !Array.isArray(strides) || !strides.every((step) => Number.isSafeInteger(step) && step >= 0))
      throw fail('a tensor has no valid shape or strides');
    const sizes = shape as number[];
    const steps = strides as number[];
    if (!Number.isSafeInteger(offset) || (offset as number) < 0 || sizes.length !== steps.length)
      throw fail('a tensor has no valid offset or strides');
    const last = count === 0 ? -1 : sizes.reduce((sum, size, i) => sum + (size - 1) * steps[i], offset as number);
    if (last >= storage.length || count > storage.length)
      throw fail(
        `a tensor of shape [${sizes}], strides [${steps}] and offset ${offset} is larger than its storage of ${storage.length} elements`,
      );
    return new TensorView(storage, offset as number, sizes, steps);
  });
  const rebuildParameter = new PickleFunction(([tensor]) => {
    if (!(tensor instanceof TensorView)) throw fail('a parameter is made of something that is no tensor');
    return tensor;
  });
  const globals = new Map<string, unknown>([
    ['torch._utils._rebuild_tensor_v2', rebuildTensor],
    ['torch._utils._rebuild_parameter', rebuildParameter],
    ['torch.Size', new PickleFunction(([sizes = []]) => sizes)],
    [
      'collections.OrderedDict',
      new PickleFunction(([pairs = []], count) => {
        if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2))
          throw fail('a dictionary is made of something that is no pairs');
        count(2 * pairs.length, 1);
        return new Map(pairs as [unknown, unknown][]);
      }),
    ],
  ]);
  for (const [name, dtype] of Object.entries(STORAGE_TYPES))
    for (const module of ['torch', 'torch.cuda', 'torch.storage']) globals.set(`${module}.${name}`, new StorageType(dtype));

  return {
    where: path,
    global: (module, name) => globals.get(`${module}.${name}`),
    persistent(id) {
      const [kind, type, key, , length, view] = Array.isArray(id) ? id : [];
      if (kind !== 'storage') throw fail('it refers to something that is no storage');
      if (!(type instanceof StorageType)) throw fail('a storage has no type');
      if (typeof key !== 'string' && typeof key !== 'number') throw fail('a storage has no key');
      if (!Number.isSafeInteger(length) || length < 0) throw fail(`storage ${quoted(key)} has no valid size`);
      if (view === undefined || view === null) return new Storage(String(key), type.dtype, length);
      const [, start, viewLength] = Array.isArray(view) ? view : [];
      if (!Number.isSafeInteger(start) || !Number.isSafeInteger(viewLength) || start < 0 || viewLength < 0 || start + viewLength > length)
        throw fail(`storage ${quoted(key)} has a view that is not in it`);
      return new Storage(String(key), type.dtype, viewLength, start);
    },
  };
}

function isContiguous({ shape, strides }: TensorView): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== step) return false;
    step *= shape[i];
  }
  return true;
}

/** Elements of a strided view in row-major order, from the span of the storage that the view touches. */
function gather<T extends Float32Array | Int32Array>(span: T, { shape, strides }: TensorView): T {
  const count = shape.reduce((product, size) => product * size, 1);
  const gathered = (span instanceof Float32Array ? new Float32Array(count) : new Int32Array(count)) as T;
  const index = shape.map(() => 0);
  for (let i = 0, from = 0; i < count; i++) {
    gathered[i] = span[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return gathered;
}

/** Elements of the storage from the first to the last one of a view. */
const spanOf = ({ shape, strides }: TensorView): number =>
  shape.includes(0) ? 0 : 1 + shape.reduce((sum, size, i) => sum + (size - 1) * strides[i], 0);

function readTensor(view: TensorView, storages: StorageReader): WeightTensor {
  const { storage, shape, offset } = view;
  const length = spanOf(view);
  const empty = length === 0;
  const span = decodeTensorData(storage.dtype, storages.read(storage, storage.start + (empty ? 0 : offset), length));
  return { shape, data: empty || isContiguous(view) ? span : gather(span, view) };
}

/** Tensors of an unpickled state dict. Names for the same numbers (tied weights) share one array. */
function readTensors(path: string, value: unknown, storages: StorageReader, wanted: (name: string) => boolean): WeightMap {
  if (!(value instanceof Map)) throw new DataError(`${path} holds no state dict (names and tensors), but something else`);
  const all: [string, TensorView][] = [];
  for (const [name, view] of value) if (typeof name === 'string' && view instanceof TensorView) all.push([name, view]);
  if (all.length === 0) throw new DataError(`${path} holds a dictionary without tensors: it is no weight file`);
  const keyOf = ({ storage, offset, shape, strides }: TensorView) =>
    JSON.stringify([storage.key, storage.dtype, storage.start + offset, shape, strides]);
  const views = all.flatMap(([name, view]) => (wanted(name) ? [{ name, view, key: keyOf(view) }] : []));
  const distinct = new Map(views.map(({ key, view }) => [key, view]));
  const lengths = new Map<string, number>();
  let total = 0;
  let reading = 0;
  for (const view of distinct.values()) {
    const { key, length } = view.storage;
    lengths.set(key, Math.max(lengths.get(key) ?? 0, length));
    total += elementCount(view.shape) ?? 0;
    reading += spanOf(view);
  }
  for (const { storage } of distinct.values()) storages.check(storage);
  const stored = [...lengths.values()].reduce((sum, length) => sum + length, 0);
  if (total > SHARING_ALLOWANCE + LARGEST_SHARING * stored || reading > SHARING_ALLOWANCE + LARGEST_READING * stored)
    throw new DataError(`${path}: tensors of ${total} elements out of ${stored} stored ones are no weights`);
  // One storage after the other: a deflated one is unpacked whole.
  const byStorage = [...distinct].sort(([, a], [, b]) => Number(a.storage.key > b.storage.key) - Number(a.storage.key < b.storage.key));
  const tensors = new Map(byStorage.map(([key, view]) => [key, readTensor(view, storages)]));
  return new Map(views.map(({ name, key }) => [name, tensors.get(key)!]));
}

function readZipContainer(file: RandomAccessFile, wanted: (name: string) => boolean): WeightMap {
  const { path } = file;
  const entries = readZipDirectory(file);
  const pickles = [...entries.values()].filter(({ name }) => name.endsWith('/data.pkl') && name.indexOf('/') === name.lastIndexOf('/'));
  if (pickles.length !== 1) throw new DataError(`${path}: a zip file, but not one of torch.save (it has no data.pkl)`);
  const pickle = pickles[0];
  const prefix = pickle.name.slice(0, -'data.pkl'.length);
  if (pickle.size > LONGEST_PICKLE) throw new DataError(`${path}: a pickle of ${pickle.size} bytes is no state dict`);
  const order = entries.get(`${prefix}byteorder`);
  if (order && Buffer.from(readZipEntry(file, order, 0, Math.min(order.size, 16))).toString() !== 'little')
    throw new DataError(`${path} was written on a big-endian machine; such files are not read`);
  const { value } = readPickle(readZipEntry(file, pickle), 0, torchContext(path));

  // A deflated storage is unpacked whole, so the last one is kept for the other tensors in it.
  let unpacked: { entry: ZipEntry; bytes: Uint8Array<ArrayBuffer> } | undefined;
  const entryOf = (storage: Storage) => entries.get(`${prefix}data/${storage.key}`);
  return readTensors(
    path,
    value,
    {
      check(storage) {
        const entry = entryOf(storage);
        if (!entry) throw new DataError(`${path} lacks the storage ${quoted(storage.key)}: the file is broken, fetch it again`);
        if (entry.size < (storage.start + storage.length) * BYTES[storage.dtype])
          throw new DataError(
            `${path}: storage ${quoted(storage.key)} has ${entry.size} bytes where ${storage.length} elements of ${storage.dtype} are needed`,
          );
      },
      read(storage, from, length) {
        const entry = entryOf(storage)!;
        const width = BYTES[storage.dtype];
        if (entry.method === 0) return readZipEntry(file, entry, from * width, length * width).buffer;
        if (unpacked?.entry !== entry) unpacked = { entry, bytes: readZipEntry(file, entry) };
        return unpacked.bytes.slice(from * width, (from + length) * width).buffer;
      },
    },
    wanted,
  );
}

function readLegacyContainer(file: RandomAccessFile, wanted: (name: string) => boolean): WeightMap {
  const { path, size } = file;
  const bytes = file.read(0, Math.min(size, LONGEST_PICKLE));
  const context = torchContext(path);
  const magic = readPickle(bytes, 0, context);
  if (magic.value !== MAGIC_NUMBER) throw new DataError(`${path} is no weight file of torch.save (wrong magic number)`);
  const protocol = readPickle(bytes, magic.end, context);
  if (protocol.value !== LEGACY_PROTOCOL) throw new DataError(`${path} has the unknown torch.save protocol ${quoted(protocol.value)}`);
  const system = readPickle(bytes, protocol.end, context);
  if (!(system.value instanceof Map) || system.value.get('little_endian') !== true)
    throw new DataError(`${path} was written on a big-endian machine; such files are not read`);
  // How large a storage is stands in the pickle, by key; its bytes follow the list of keys.
  const widths = new Map<string, number>();
  const state = readPickle(bytes, system.end, {
    ...context,
    persistent(id) {
      const storage = context.persistent(id);
      if (storage instanceof Storage) widths.set(storage.key, BYTES[storage.dtype]);
      return storage;
    },
  });
  const keys = readPickle(bytes, state.end, context);
  if (!Array.isArray(keys.value)) throw new DataError(`${path} has no list of storages: the file is broken`);
  const places = new Map<string, { start: number; length: number }>();
  let at = keys.end;
  for (const key of keys.value as unknown[]) {
    const width = typeof key === 'string' || typeof key === 'number' ? widths.get(String(key)) : undefined;
    if (width === undefined) throw new DataError(`${path} has the storage ${quoted(key)}, which nothing refers to: the file is broken`);
    const length = Number(new DataView(file.read(at, 8).buffer).getBigInt64(0, true));
    at += 8;
    if (length < 0 || at + length * width > size)
      throw new DataError(`${path}: storage ${quoted(key)} of ${length} elements is not in the file: it is cut short or broken`);
    places.set(String(key), { start: at, length });
    at += length * width;
  }
  return readTensors(
    path,
    state.value,
    {
      check(storage) {
        const place = places.get(storage.key);
        if (!place || storage.start + storage.length > place.length)
          throw new DataError(`${path} lacks the storage ${quoted(storage.key)}, or a part of it`);
      },
      read(storage, from, length) {
        const { start } = places.get(storage.key)!;
        const width = BYTES[storage.dtype];
        return file.read(start + from * width, length * width).buffer;
      },
    },
    wanted,
  );
}

/**
 * Reads a `pytorch_model.bin`, or some of its tensors. Floating types become float32, integers int32; tied tensors share one array.
 * @param wanted which tensors to read; all unless given
 * @throws DataError naming the file and what is wrong: cut short, no state dict, an unsupported type, or a pickle that asks for anything
 *   beside tensors (named in the message)
 */
export function readTorchFile(path: string, wanted: (name: string) => boolean = () => true): WeightMap {
  return withRandomAccessFile(path, (file) => {
    if (file.size < 4) throw new DataError(`${path}: ${file.size} bytes are no weight file`);
    const start = file.read(0, 4);
    if (start[0] === 0x50 && start[1] === 0x4b) return readZipContainer(file, wanted);
    if (start[0] === 0x80) return readLegacyContainer(file, wanted);
    throw new DataError(`${path} is no weight file of torch.save (neither a zip file nor a pickle)`);
  });
}
