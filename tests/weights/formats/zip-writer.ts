/** Zip files made by hand, so that tests can lie in them. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipPart {
  name: string;
  content: Uint8Array;
  deflate?: boolean;
  /** What the directory says in the place of the truth. */
  says?: { size?: number; compressedSize?: number; headerAt?: number; method?: number; flags?: number; checksum?: number };
  /** Sizes and position in a zip64 extra field. */
  zip64?: boolean;
}

/** A zip file; with `zip64`, its end is written in that form too. */
export function zipFile(parts: readonly ZipPart[], zip64 = false): Buffer {
  const chunks: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  const push = (chunk: Buffer) => {
    chunks.push(chunk);
    at += chunk.length;
  };
  for (const { name, content, deflate, says = {}, zip64: large } of parts) {
    const packed = deflate ? deflateRawSync(content) : Buffer.from(content);
    const size = says.size ?? content.length;
    const compressedSize = says.compressedSize ?? packed.length;
    const headerAt = says.headerAt ?? at;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    push(Buffer.concat([local, Buffer.from(name), packed]));
    const extra = Buffer.alloc(large ? 32 : 0);
    if (large) {
      // Another field first: readers have to look for theirs.
      extra.writeUInt16LE(0x9999, 0);
      extra.writeUInt16LE(1, 4);
      extra.writeUInt16LE(24, 6);
      for (const [i, value] of [size, compressedSize, headerAt].entries()) extra.writeBigUInt64LE(BigInt(value), 8 + 8 * i);
    }
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(says.flags ?? 0, 8);
    entry.writeUInt16LE(says.method ?? (deflate ? 8 : 0), 10);
    entry.writeUInt32LE(says.checksum ?? crc32(content), 16);
    entry.writeUInt32LE(large ? 0xffffffff : compressedSize, 20);
    entry.writeUInt32LE(large ? 0xffffffff : size, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt16LE(extra.length, 30);
    entry.writeUInt32LE(large ? 0xffffffff : headerAt, 42);
    directory.push(Buffer.concat([entry, Buffer.from(name), extra]));
  }
  const start = at;
  for (const entry of directory) push(entry);
  const size = at - start;
  if (zip64) {
    const end = Buffer.alloc(76);
    end.writeUInt32LE(0x06064b50, 0);
    for (const [i, value] of [parts.length, parts.length, size, start].entries()) end.writeBigUInt64LE(BigInt(value), 24 + 8 * i);
    end.writeUInt32LE(0x07064b50, 56);
    end.writeBigUInt64LE(BigInt(at), 64);
    push(end);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(zip64 ? 0xffff : parts.length, 8);
  end.writeUInt16LE(zip64 ? 0xffff : parts.length, 10);
  end.writeUInt32LE(zip64 ? 0xffffffff : size, 12);
  end.writeUInt32LE(zip64 ? 0xffffffff : start, 16);
  push(end);
  return Buffer.concat(chunks);
}

/** A pickle of these pieces: strings as they are (opcodes and lines), numbers as bytes. */
export function pickle(...pieces: (string | number | Uint8Array)[]): Buffer {
  return Buffer.concat([
    Buffer.from([0x80, 2]),
    ...pieces.map((piece) =>
      typeof piece === 'string' ? Buffer.from(piece, 'latin1') : typeof piece === 'number' ? Buffer.from([piece]) : Buffer.from(piece),
    ),
    Buffer.from('.'),
  ]);
}

/** BININT. */
export function int(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.write('J', 0);
  bytes.writeInt32LE(value, 1);
  return bytes;
}

/** BINUNICODE. */
export function text(value: string): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.write('X', 0);
  bytes.writeUInt32LE(Buffer.byteLength(value), 1);
  return Buffer.concat([bytes, Buffer.from(value)]);
}

/** Pieces of a tensor: torch._utils._rebuild_tensor_v2 with a storage of `length` elements. */
export function tensor(
  key: string,
  length: number,
  offset: number,
  shape: number[],
  strides: number[],
  type = 'torch\nFloatStorage',
): Buffer {
  const tuple = (values: number[]) => Buffer.concat([Buffer.from('('), ...values.map(int), Buffer.from('t')]);
  return Buffer.concat([
    Buffer.from(`ctorch._utils\n_rebuild_tensor_v2\n((`),
    text('storage'),
    Buffer.from(`c${type}\n`),
    text(key),
    text('cpu'),
    int(length),
    Buffer.from('tQ'),
    int(offset),
    tuple(shape),
    tuple(strides),
    Buffer.from([0x89]),
    Buffer.from('ccollections\nOrderedDict\n)RtR'),
  ]);
}

/** A pickled dictionary. */
export function dictionary(entries: Record<string, Uint8Array>): Buffer {
  return pickle('}(', ...Object.entries(entries).flatMap(([name, value]) => [text(name), value]), 'u');
}
