/**
 * A reader of Python pickles that builds plain values (numbers, strings, lists, maps) and otherwise only what its caller allows by name.
 * Nothing in a pickle is executed: a global that the caller does not know ends the reading, and there is no way to import, to call anything
 * else, or to set attributes. Steps and memory are bounded by the length of the pickle. Format: Python's pickletools.py; the opcodes of
 * protocols 2 to 5 that data needs.
 */
import { DataError } from '../../base/errors.ts';
import { quoted } from '../../base/printable.ts';
import { createPickleBytes } from './pickle-bytes.ts';

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

/** Counts what a pickle of so many bytes makes. */
function createBudget(length: number, fail: (why: string) => DataError): CountWork {
  let elements = ALLOWANCE + ELEMENTS_PER_BYTE * length;
  let dictionaries = ALLOWANCE + length / BYTES_PER_DICTIONARY;
  return (moreElements, moreDictionaries) => {
    elements -= moreElements;
    dictionaries -= moreDictionaries;
    if (elements < 0 || dictionaries < 0) throw fail('makes more than its length allows');
  };
}

/** What instructions work on: the bytes that are left, a stack of values, and values stored to be recalled. */
function createMachine(bytes: Uint8Array, start: number, context: PickleContext) {
  const reader = createPickleBytes(bytes, start, context.where);
  const { fail } = reader;
  const count = createBudget(bytes.length - start, fail);
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
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
  return {
    ...reader,
    count,
    pop,
    top,
    persistent: (id: unknown): unknown => context.persistent(id),
    push: (value: unknown): void => void stack.push(value),
    popToMark(): unknown[] {
      const mark = stack.lastIndexOf(MARK);
      if (mark < 0) throw fail('has no mark');
      const values = stack.splice(mark + 1);
      stack.pop();
      count(values.length, 0);
      return values;
    },
    popTuple: (length: number): unknown[] => Array.from({ length }, pop).reverse(),
    newMap(): Map<unknown, unknown> {
      count(0, 1);
      return new Map();
    },
    setItems(pairs: readonly unknown[]): void {
      const map = top();
      if (!(map instanceof Map) || pairs.length % 2) throw fail('fills something that is no dictionary');
      count(pairs.length, 0);
      for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
    },
    append(values: readonly unknown[]): void {
      const list = top();
      if (!Array.isArray(list)) throw fail('extends something that is no list');
      count(values.length, 0);
      for (const value of values) list.push(value);
    },
    findGlobal(module: string, name: string): unknown {
      const value = context.global(module, name);
      if (value === undefined)
        throw new DataError(
          `${context.where}: the pickle asks for ${quoted(`${module}.${name}`)}, which weights do not need and which could run code; ` +
            'nothing was run: use a model.safetensors of this model',
        );
      return value;
    },
    store: (index = memo.size): void => void memo.set(index, top()),
    recall(index: number): unknown {
      if (!memo.has(index)) throw fail(`recalls value ${index}, which it has not stored`);
      return memo.get(index);
    },
  };
}

type Machine = ReturnType<typeof createMachine>;
type Instruction = (machine: Machine) => void;

const pushBytes = (machine: Machine, length: number): void => {
  machine.count(0, 1);
  machine.push(machine.takeBytes(length));
};

const pushLong = (machine: Machine, length: number): void => {
  if (length > LONGEST_LONG) throw machine.fail(`has an integer of ${length} bytes`);
  machine.push(longOf(machine.takeBytes(length)));
};

const pushEmptyList: Instruction = (m) => m.push([]);
const pushValuesToMark: Instruction = (m) => m.push(m.popToMark());
const pushString: Instruction = (m) => m.push(m.takeString(m.uint32()));
const pushShortString: Instruction = (m) => m.push(m.takeString(m.byte()));

/** What data needs of the instructions of protocols 2 to 5, by opcode. STOP ends the reading and is not among them. */
const INSTRUCTIONS: ReadonlyMap<number, Instruction> = new Map<number, Instruction>([
  [0x80, (m) => void m.take(1)], // PROTO
  [0x95, (m) => void m.take(8)], // FRAME
  [0x28, (m) => m.push(MARK)], // MARK
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popToMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.int32())], // BININT
  [0x4b, (m) => m.push(m.byte())], // BININT1
  [0x4d, (m) => m.push(m.uint16())], // BININT2
  [0x8a, (m) => pushLong(m, m.byte())], // LONG1
  [0x8b, (m) => pushLong(m, m.int32())], // LONG4
  [0x47, (m) => m.push(m.float64())], // BINFLOAT
  [0x58, pushString], // BINUNICODE
  [0x54, pushString], // BINSTRING (Python 2)
  [0x8c, pushShortString], // SHORT_BINUNICODE
  [0x55, pushShortString], // SHORT_BINSTRING (Python 2)
  [0x8d, (m) => m.push(m.takeString(m.uint64()))], // BINUNICODE8
  [0x42, (m) => pushBytes(m, m.uint32())], // BINBYTES
  [0x43, (m) => pushBytes(m, m.byte())], // SHORT_BINBYTES
  [0x29, pushEmptyList], // EMPTY_TUPLE
  [0x5d, pushEmptyList], // EMPTY_LIST
  [0x85, (m) => m.push(m.popTuple(1))], // TUPLE1
  [0x86, (m) => m.push(m.popTuple(2))], // TUPLE2
  [0x87, (m) => m.push(m.popTuple(3))], // TUPLE3
  [0x74, pushValuesToMark], // TUPLE
  [0x6c, pushValuesToMark], // LIST
  [0x7d, (m) => m.push(m.newMap())], // EMPTY_DICT
  [
    0x64, // DICT
    (m) => {
      const pairs = m.popToMark();
      m.push(m.newMap());
      m.setItems(pairs);
    },
  ],
  [0x61, (m) => m.append([m.pop()])], // APPEND
  [0x65, (m) => m.append(m.popToMark())], // APPENDS
  [0x73, (m) => m.setItems(m.popTuple(2))], // SETITEM
  [0x75, (m) => m.setItems(m.popToMark())], // SETITEMS
  [0x71, (m) => m.store(m.byte())], // BINPUT
  [0x72, (m) => m.store(m.uint32())], // LONG_BINPUT
  [0x94, (m) => m.store()], // MEMOIZE
  [0x68, (m) => m.push(m.recall(m.byte()))], // BINGET
  [0x6a, (m) => m.push(m.recall(m.uint32()))], // LONG_BINGET
  [
    0x63, // GLOBAL
    (m) => {
      const module = m.takeLine();
      m.push(m.findGlobal(module, m.takeLine()));
    },
  ],
  [
    0x93, // STACK_GLOBAL
    (m) => {
      const [module, name] = m.popTuple(2);
      if (typeof module !== 'string' || typeof name !== 'string') throw m.fail('names a global by something that is no string');
      m.push(m.findGlobal(module, name));
    },
  ],
  [0x51, (m) => m.push(m.persistent(m.pop()))], // BINPERSID
  [
    0x52, // REDUCE
    (m) => {
      const [callee, args] = m.popTuple(2);
      if (!(callee instanceof PickleFunction) || !Array.isArray(args)) throw m.fail('calls something that cannot be called');
      m.push(callee.call(args, m.count));
    },
  ],
  [
    0x62, // BUILD: attributes of an object; those of a dictionary (PyTorch's version notes, `_metadata`) are no data.
    (m) => {
      m.pop();
      if (!(m.top() instanceof Map)) throw m.fail('sets attributes of something that is no dictionary');
    },
  ],
]);

const STOP = 0x2e;

/**
 * Reads the pickle that starts at `start`.
 * @throws DataError naming the byte or the global where it is broken or goes beyond what data needs
 */
export function readPickle(bytes: Uint8Array, start: number, context: PickleContext): Unpickled {
  const machine = createMachine(bytes, start, context);
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const opcode = machine.byte();
    if (opcode === STOP) return { value: machine.pop(), end: machine.position() };
    const instruction = INSTRUCTIONS.get(opcode);
    if (!instruction) throw machine.fail(`has the instruction 0x${opcode.toString(16)}, which data does not need`);
    instruction(machine);
  }
  throw machine.fail(`has more than ${MOST_STEPS} instructions`);
}
