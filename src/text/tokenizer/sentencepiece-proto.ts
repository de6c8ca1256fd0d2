/**
 * Reads the protocol buffer of a SentencePiece model (sentencepiece_model.proto): pieces, the trainer's unknown id, the character map.
 */
import { DataError } from '../../base/errors.ts';
import { fieldsOf } from '../../base/protobuf-message.ts';

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

/**
 * Parses a SentencePiece model file.
 * @throws DataError naming the file and the byte where it is malformed.
 */
export function parseSentencePieceModel(bytes: Uint8Array, source: string): SentencePieceModel {
  const broken = (what: string, at: number) =>
    new DataError(`${source}: ${what} at byte ${at}: not a SentencePiece model, or a damaged file`);
  const model: SentencePieceModel = { pieces: [], modelType: 1, unkId: 0, charsMap: new Uint8Array() };
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (const field of fieldsOf(bytes, broken)) {
    if (!field.bytes) continue;
    if (field.number === 1) {
      const piece: Piece = { piece: '', score: 0, type: PIECE_TYPE.normal };
      for (const part of fieldsOf(field.bytes, broken)) {
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
      for (const part of fieldsOf(field.bytes, broken)) {
        if (part.number === 3) model.modelType = part.value;
        else if (part.number === 40) model.unkId = part.value;
      }
    } else if (field.number === 3) {
      for (const part of fieldsOf(field.bytes, broken)) if (part.number === 2 && part.bytes) model.charsMap = part.bytes;
    }
  }
  if (model.pieces.length === 0) throw new DataError(`${source} holds no pieces: not a SentencePiece model`);
  return model;
}
