/** The arrays of an engine whose values live on a device, as this process sees them. Knows no device. */

/** Views of a device's arrays; moments and gradients take memory from when they are first asked for. */
export interface ArrayViews {
  readonly parameters: ReadonlyMap<string, { shape: number[]; data: Float32Array }>;
  readonly moments: ReadonlyMap<string, { m: Float32Array; v: Float32Array }>;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Views of parameters with these shapes, which start with a copy of `weights`. */
export function createArrayViews(
  shapes: Readonly<Record<string, number[]>>,
  weights: ReadonlyMap<string, { data: Float32Array }>,
): ArrayViews {
  const names = Object.keys(shapes);
  const zeros = (name: string) => new Float32Array(sizeOf(shapes[name]));
  let moments: ArrayViews['moments'] | undefined;
  let gradients: ArrayViews['gradients'] | undefined;
  return {
    parameters: new Map(names.map((name) => [name, { shape: shapes[name], data: weights.get(name)!.data.slice() }])),
    get moments() {
      moments ??= new Map(names.map((name) => [name, { m: zeros(name), v: zeros(name) }]));
      return moments;
    },
    get gradients() {
      gradients ??= new Map(names.map((name) => [name, zeros(name)]));
      return gradients;
    },
  };
}
