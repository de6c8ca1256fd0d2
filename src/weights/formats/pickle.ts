/**
 * A reader of Python pickles that builds plain values (numbers, strings, lists, maps) and otherwise only what its caller allows by name.
 * Nothing in a pickle is executed: a global that the caller does not know ends the reading, and there is no way to import, to call anything
 * else, or to set attributes. Steps and memory are bounded by the length of the pickle. Format: Python's pickletools.py; the opcodes of
 * protocols 2 to 5 that data needs.
 */
import { DataError } from '../../base/errors.ts';
import { quoted } from '../../base/printable.ts';

/** Counts what a call makes: elements that it copies, dictionaries. Throws when a pickle makes more than its length allows. */
export type CountWork = (elements: number, dictionaries: number) => void;

/** Something that a pickle may call. */
export class PickleFunction {
  readonly call: (args: readonly unknown[], count: CountWork) => unknown;
  constructor(call: (args: readonly unknown[], count: CountWork) => unknown) {
    this.call = call;
  }
}

/** What the caller knows. */
export interface PickleContext {
  /** File name, for messages. */
  readonly where: string;
  /** The value of a global; undefined if it is not allowed. */
  global(module: string, name: string): unknown;
  /** The value of a persistent id. */
  persistent(id: unknown): unknown;
}

/** A value and the position after its pickle. */
export interface Unpickled {
  value: unknown;
  end: number;
}

/** A weight file takes about 40 steps a tensor. */
const MOST_STEPS = 5_000_000;

/**
 * What a pickle may make of its bytes. An element of a list or a pair of a dictionary takes a byte or more to write, and is copied once or
 * twice; a dictionary takes some hundred bytes of memory, and a weight file has one for each tensor, of a hundred bytes and more.
 */
const ELEMENTS_PER_BYTE = 2;
const BYTES_PER_DICTIONARY = 32;
const ALLOWANCE = 10_000;

const MARK = Symbol('mark');

/** Little-endian two's complement. */
function longOf(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  value = BigInt.asIntN(8 * bytes.length, value);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Longest integer that is read: the largest in a weight file, torch's magic number, has 10 bytes. */
const LONGEST_LONG = 64;

/**
 * Reads the pickle that starts at `start`.
 * @throws DataError naming the byte or the global where it is broken or goes beyond what data needs
 */
export function readPickle(bytes: Uint8Array, start: number, context: PickleContext): Unpickled {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder('utf-8', { fatal: true });
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let at = start;

  const fail = (why: string) => new DataError(`${context.where}: the pickle ${why} (byte ${at}); the file is broken or no weight file`);
  let elements = ALLOWANCE + ELEMENTS_PER_BYTE * (bytes.length - start);
  let dictionaries = ALLOWANCE + (bytes.length - start) / BYTES_PER_DICTIONARY;
  const count: CountWork = (moreElements, moreDictionaries) => {
    elements -= moreElements;
    dictionaries -= moreDictionaries;
    if (elements < 0 || dictionaries < 0) throw fail('makes more than its length allows');
  };
  const newMap = (): Map<unknown, unknown> => {
    count(0, 1);
    return new Map();
  };
  const take = (length: number): number => {
    if (!Number.isSafeInteger(length) || length < 0 || at + length > bytes.length) throw fail('is cut short');
    at += length;
    return at - length;
  };
  const takeBytes = (length: number): Uint8Array => {
    const from = take(length);
    return bytes.subarray(from, from + length);
  };
  const takeString = (length: number): string => {
    const slice = takeBytes(length);
    try {
      return text.decode(slice);
    } catch {
      throw fail('has a string that is not UTF-8');
    }
  };
  const takeLine = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw fail('is cut short');
    const line = takeString(end - at);
    at++;
    return line;
  };
  const pop = (): unknown => {
    const value = stack.pop();
    if (value === undefined || value === MARK) throw fail('takes a value that is not there');
    return value;
  };
  const top = (): unknown => {
    const value = stack.at(-1);
    if (value === undefined || value === MARK) throw fail('uses a value that is not there');
    return value;
  };
  const popToMark = (): unknown[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw fail('has no mark');
    const values = stack.splice(mark + 1);
    stack.pop();
    count(values.length, 0);
    return values;
  };
  const popTuple = (length: number): unknown[] => {
    const values = Array.from({ length }, pop);
    return values.reverse();
  };
  const setItems = (pairs: unknown[]): void => {
    const map = top();
    if (!(map instanceof Map) || pairs.length % 2) throw fail('fills something that is no dictionary');
    count(pairs.length, 0);
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
  };
  const append = (values: unknown[]): void => {
    const list = top();
    if (!Array.isArray(list)) throw fail('extends something that is no list');
    count(values.length, 0);
    for (const value of values) list.push(value);
  };
  const findGlobal = (module: string, name: string): unknown => {
    const value = context.global(module, name);
    if (value === undefined)
      throw new DataError(
        `${context.where}: the pickle asks for ${quoted(`${module}.${name}`)}, which weights do not need and which could run code; ` +
          'nothing was run: use a model.safetensors of this model',
      );
    return value;
  };
  const recall = (index: number): unknown => {
    if (!memo.has(index)) throw fail(`recalls value ${index}, which it has not stored`);
    return memo.get(index);
  };

  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const opcode = bytes[take(1)];
    switch (opcode) {
      case 0x80: // PROTO
        take(1);
        break;
      case 0x95: // FRAME
        take(8);
        break;
      case 0x2e: // STOP
        return { value: pop(), end: at };
      case 0x28: // MARK
        stack.push(MARK);
        break;
      case 0x30: // POP
        pop();
        break;
      case 0x31: // POP_MARK
        popToMark();
        break;
      case 0x32: // DUP
        stack.push(top());
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
        stack.push(true);
        break;
      case 0x89: // NEWFALSE
        stack.push(false);
        break;
      case 0x4a: // BININT
        stack.push(view.getInt32(take(4), true));
        break;
      case 0x4b: // BININT1
        stack.push(view.getUint8(take(1)));
        break;
      case 0x4d: // BININT2
        stack.push(view.getUint16(take(2), true));
        break;
      case 0x8a: // LONG1
      case 0x8b: {
        // LONG4
        const length = opcode === 0x8a ? view.getUint8(take(1)) : view.getInt32(take(4), true);
        if (length > LONGEST_LONG) throw fail(`has an integer of ${length} bytes`);
        stack.push(longOf(takeBytes(length)));
        break;
      }
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(take(8), false));
        break;
      case 0x58: // BINUNICODE
      case 0x54: // BINSTRING (Python 2)
        stack.push(takeString(view.getUint32(take(4), true)));
        break;
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING (Python 2)
        stack.push(takeString(view.getUint8(take(1))));
        break;
      case 0x8d: // BINUNICODE8
        stack.push(takeString(Number(view.getBigUint64(take(8), true))));
        break;
      case 0x42: // BINBYTES
        count(0, 1);
        stack.push(takeBytes(view.getUint32(take(4), true)));
        break;
      case 0x43: // SHORT_BINBYTES
        count(0, 1);
        stack.push(takeBytes(view.getUint8(take(1))));
        break;
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        stack.push([]);
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push(popTuple(opcode - 0x84));
        break;
      case 0x74: // TUPLE
      case 0x6c: // LIST
        stack.push(popToMark());
        break;
      case 0x7d: // EMPTY_DICT
        stack.push(newMap());
        break;
      case 0x64: {
        // DICT
        const pairs = popToMark();
        stack.push(newMap());
        setItems(pairs);
        break;
      }
      case 0x61: // APPEND
        append([pop()]);
        break;
      case 0x65: // APPENDS
        append(popToMark());
        break;
      case 0x73: {
        // SETITEM
        const value = pop();
        setItems([pop(), value]);
        break;
      }
      case 0x75: // SETITEMS
        setItems(popToMark());
        break;
      case 0x71: // BINPUT
        memo.set(view.getUint8(take(1)), top());
        break;
      case 0x72: // LONG_BINPUT
        memo.set(view.getUint32(take(4), true), top());
        break;
      case 0x94: // MEMOIZE
        memo.set(memo.size, top());
        break;
      case 0x68: // BINGET
        stack.push(recall(view.getUint8(take(1))));
        break;
      case 0x6a: // LONG_BINGET
        stack.push(recall(view.getUint32(take(4), true)));
        break;
      case 0x63: {
        // GLOBAL
        const module = takeLine();
        stack.push(findGlobal(module, takeLine()));
        break;
      }
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = popTuple(2);
        if (typeof module !== 'string' || typeof name !== 'string') throw fail('names a global by something that is no string');
        stack.push(findGlobal(module, name));
        break;
      }
      case 0x51: // BINPERSID
        stack.push(context.persistent(pop()));
        break;
      case 0x52: {
        // REDUCE
        const args = pop();
        const callee = pop();
        if (!(callee instanceof PickleFunction) || !Array.isArray(args)) throw fail('calls something that cannot be called');
        stack.push(callee.call(args, count));
        break;
      }
      case 0x62: {
        // BUILD: attributes of an object; those of a dictionary (PyTorch's version notes, `_metadata`) are no data.
        pop();
        if (!(top() instanceof Map)) throw fail('sets attributes of something that is no dictionary');
        break;
      }
      default:
        throw fail(`has the instruction 0x${opcode.toString(16)}, which data does not need`);
    }
  }
  throw fail(`has more than ${MOST_STEPS} instructions`);
}
