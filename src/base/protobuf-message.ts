/** Protobuf's wire format: written for ONNX models and TensorBoard events, read for tokenizers. */

/** A protobuf message under construction: chunks in order, so that large constants stay where they are. */
export class Message {
  readonly chunks: Uint8Array[] = [];
  size = 0;

  private push(chunk: Uint8Array): this {
    this.chunks.push(chunk);
    this.size += chunk.byteLength;
    return this;
  }

  private varint(value: number): this {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    return this.push(Uint8Array.from(bytes));
  }

  /** An integer or enum field. */
  int(field: number, value: number): this {
    return this.varint(field * 8).varint(value);
  }

  /** A float32 field. */
  float(field: number, value: number): this {
    this.varint(field * 8 + 5);
    return this.push(new Uint8Array(Float32Array.of(value).buffer));
  }

  /** A float64 field. */
  double(field: number, value: number): this {
    this.varint(field * 8 + 1);
    return this.push(new Uint8Array(Float64Array.of(value).buffer));
  }

  /** A bytes field; the content is not copied. */
  bytes(field: number, content: Uint8Array): this {
    return this.varint(field * 8 + 2)
      .varint(content.byteLength)
      .push(content);
  }

  /** A text field, as UTF-8. */
  string(field: number, text: string): this {
    return this.bytes(field, Buffer.from(text));
  }

  /** A message inside this one. */
  message(field: number, inner: Message): this {
    this.varint(field * 8 + 2).varint(inner.size);
    for (const chunk of inner.chunks) this.push(chunk);
    return this;
  }
}

/** A field of a message that is read: a varint as `value`, a length-delimited one as `bytes`, one of 32 or 64 bits as `view`. */
export interface Field {
  number: number;
  value: number;
  bytes: Uint8Array | undefined;
  view: DataView | undefined;
}

/**
 * The fields of a message, in order. A careful reader of untrusted bytes: every length is checked before it is used.
 * @param broken the error to throw for what is malformed, at a byte of the buffer that the message lies in
 */
export function* fieldsOf(message: Uint8Array, broken: (what: string, at: number) => Error): Generator<Field> {
  let at = 0;
  const fail = (what: string, where: number) => broken(what, message.byteOffset + where);
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= message.length) throw fail('the file ends in the middle of a number', at);
      const byte = message[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw fail('a number of more than 10 bytes', at);
  };
  while (at < message.length) {
    const start = at;
    const key = varint();
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (number < 1 || number > 0x1fffffff) throw fail('a field number out of range', start);
    if (wire === 0) yield { number, value: varint(), bytes: undefined, view: undefined };
    else if (wire === 1 || wire === 5) {
      const size = wire === 1 ? 8 : 4;
      if (at + size > message.length) throw fail('the file ends in the middle of a value', at);
      yield { number, value: 0, bytes: undefined, view: new DataView(message.buffer, message.byteOffset + at, size) };
      at += size;
    } else if (wire === 2) {
      const size = varint();
      if (size > message.length - at) throw fail(`a field of ${size} bytes where ${message.length - at} are left`, start);
      yield { number, value: 0, bytes: message.subarray(at, at + size), view: undefined };
      at += size;
    } else throw fail(`an unknown wire type ${wire}`, start);
  }
}
