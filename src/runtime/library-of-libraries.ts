/**
 * A shared library for Linux x64 that holds no code and only names other libraries: whoever loads it has those loaded, in their order, and
 * finds their symbols through it. ONNX Runtime's CUDA provider names NVIDIA's libraries without saying where they are; the loader takes
 * those that a process has loaded already, so naming them before the provider does what LD_LIBRARY_PATH would do, without a variable that
 * has to be set before the process starts.
 */

const HEADER = 64;
const SEGMENT = 56;
const DYNAMIC_ENTRY = 16;
const SYMBOL = 24;

/** Numbers of the ELF format, by their names in elf.h. */
const ELF = {
  ET_DYN: 3,
  EM_X86_64: 62,
  PT_LOAD: 1,
  PT_DYNAMIC: 2,
  PT_GNU_STACK: 0x6474e551,
  PF_RW: 6,
  DT_NULL: 0,
  DT_NEEDED: 1,
  DT_HASH: 4,
  DT_STRTAB: 5,
  DT_SYMTAB: 6,
  DT_STRSZ: 10,
  DT_SYMENT: 11,
} as const;

/**
 * The bytes of a library that needs others.
 * @param needed their names (searched for as usual) or paths, in the order in which they are loaded
 */
export function libraryOfLibraries(needed: readonly string[]): Uint8Array {
  const names = needed.map((name) => Buffer.from(`${name}\0`));
  // Offset 0 of a string table is the empty name.
  const strings = Buffer.concat([Buffer.of(0), ...names]);
  const segments = 3;
  const dynamicAt = HEADER + segments * SEGMENT;
  const dynamicSize = (needed.length + 6) * DYNAMIC_ENTRY;
  const symbolsAt = dynamicAt + dynamicSize;
  const hashAt = symbolsAt + SYMBOL;
  const hashSize = 16;
  const stringsAt = hashAt + hashSize;
  const size = stringsAt + strings.length;
  const file = Buffer.alloc(size);

  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // 64 bits, little-endian, version 1
  file.writeUInt16LE(ELF.ET_DYN, 16);
  file.writeUInt16LE(ELF.EM_X86_64, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(HEADER), 32);
  file.writeUInt16LE(HEADER, 52);
  file.writeUInt16LE(SEGMENT, 54);
  file.writeUInt16LE(segments, 56);
  file.writeUInt16LE(64, 58); // size of a section's header; there are no sections

  const segment = (index: number, type: number, at: number, length: number, alignment: number) => {
    const start = HEADER + index * SEGMENT;
    file.writeUInt32LE(type, start);
    file.writeUInt32LE(ELF.PF_RW, start + 4);
    for (const [offset, value] of [at, at, at, length, length, alignment].entries())
      file.writeBigUInt64LE(BigInt(value), start + 8 + offset * 8);
  };
  // Writable, because the loader turns the table's offsets into addresses in place.
  segment(0, ELF.PT_LOAD, 0, size, 4096);
  segment(1, ELF.PT_DYNAMIC, dynamicAt, dynamicSize, 8);
  // Without this segment the loader takes it that the stack has to be executable.
  segment(2, ELF.PT_GNU_STACK, 0, 0, 16);

  let nameAt = 1;
  const entries: [number, number][] = names.map(({ length }) => {
    const entry: [number, number] = [ELF.DT_NEEDED, nameAt];
    nameAt += length;
    return entry;
  });
  entries.push([ELF.DT_HASH, hashAt], [ELF.DT_STRTAB, stringsAt], [ELF.DT_SYMTAB, symbolsAt], [ELF.DT_STRSZ, strings.length]);
  entries.push([ELF.DT_SYMENT, SYMBOL], [ELF.DT_NULL, 0]);
  for (const [index, [tag, value]] of entries.entries()) {
    file.writeBigUInt64LE(BigInt(tag), dynamicAt + index * DYNAMIC_ENTRY);
    file.writeBigUInt64LE(BigInt(value), dynamicAt + index * DYNAMIC_ENTRY + 8);
  }
  // One bucket with the one symbol that every table has, the unnamed: nothing is found here, so the search goes on in what is needed.
  file.writeUInt32LE(1, hashAt);
  file.writeUInt32LE(1, hashAt + 4);
  strings.copy(file, stringsAt);
  return file;
}
