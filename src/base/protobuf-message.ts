/** Writes protobuf's wire format: what ONNX models and TensorBoard events need of it. Imports nothing. */

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
