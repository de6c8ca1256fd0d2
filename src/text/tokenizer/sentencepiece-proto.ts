/**
 * Reads the protocol buffer of a SentencePiece model (sentencepiece_model.proto): pieces, the trainer's unknown id, the character map.
 * A careful reader of untrusted bytes: every length is checked before it is used. Imports only errors.
 */
import { DataError } from '../../base/errors.ts';

/** `ModelProto.SentencePiece.Type`. */
export const PIECE_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** One entry of the vocabulary; its id is its position. */
export interface Piece {
  piece: string;
  score: number;
  type: number;
}

/** What glz needs of a SentencePiece model. */
export interface SentencePieceModel {
  pieces: Piece[];
  /** 1 unigram, 2 BPE, 3 word, 4 char. */
  modelType: number;
  unkId: number;
  /** The compiled character map; empty where the model has none. */
  charsMap: Uint8Array;
}

/** A field of a message: varint and 32-bit values as `value`, length-delimited ones as `bytes`. */
interface Field {
  number: number;
  value: number;
  bytes: Uint8Array | undefined;
  view: DataView | undefined;
}

function* fieldsOf(message: Uint8Array, source: string): Generator<Field> {
  const broken = (at: number, what: string) =>
    new DataError(`${source}: ${what} at byte ${message.byteOffset + at}: not a SentencePiece model, or a damaged file`);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= message.length) throw broken(at, 'the file ends in the middle of a number');
      const byte = message[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw broken(at, 'a number of more than 10 bytes');
  };
  while (at < message.length) {
    const start = at;
    const key = varint();
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (number < 1 || number > 0x1fffffff) throw broken(start, 'a field number out of range');
    if (wire === 0) yield { number, value: varint(), bytes: undefined, view: undefined };
    else if (wire === 1 || wire === 5) {
      const size = wire === 1 ? 8 : 4;
      if (at + size > message.length) throw broken(at, 'the file ends in the middle of a value');
      yield { number, value: 0, bytes: undefined, view: new DataView(message.buffer, message.byteOffset + at, size) };
      at += size;
    } else if (wire === 2) {
      const size = varint();
      if (size > message.length - at) throw broken(start, `a field of ${size} bytes where ${message.length - at} are left`);
      yield { number, value: 0, bytes: message.subarray(at, at + size), view: undefined };
      at += size;
    } else throw broken(start, `an unknown wire type ${wire}`);
  }
}

/**
 * Parses a SentencePiece model file.
 * @throws DataError naming the file and the byte where it is malformed.
 */
export function parseSentencePieceModel(bytes: Uint8Array, source: string): SentencePieceModel {
  const model: SentencePieceModel = { pieces: [], modelType: 1, unkId: 0, charsMap: new Uint8Array() };
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (const field of fieldsOf(bytes, source)) {
    if (!field.bytes) continue;
    if (field.number === 1) {
      const piece: Piece = { piece: '', score: 0, type: PIECE_TYPE.normal };
      for (const part of fieldsOf(field.bytes, source)) {
        if (part.number === 1 && part.bytes) {
          try {
            piece.piece = utf8.decode(part.bytes);
          } catch {
            throw new DataError(`${source}: piece ${model.pieces.length} is not UTF-8: not a SentencePiece model, or a damaged file`);
          }
        } else if (part.number === 2 && part.view?.byteLength === 4) piece.score = part.view.getFloat32(0, true);
        else if (part.number === 3) piece.type = part.value;
      }
      if (!Number.isFinite(piece.score)) throw new DataError(`${source}: the score of piece ${model.pieces.length} is not a number`);
      model.pieces.push(piece);
    } else if (field.number === 2) {
      for (const part of fieldsOf(field.bytes, source)) {
        if (part.number === 3) model.modelType = part.value;
        else if (part.number === 40) model.unkId = part.value;
      }
    } else if (field.number === 3) {
      for (const part of fieldsOf(field.bytes, source)) if (part.number === 2 && part.bytes) model.charsMap = part.bytes;
    }
  }
  if (model.pieces.length === 0) throw new DataError(`${source} holds no pieces: not a SentencePiece model`);
  return model;
}
