/**
 * Options as plain data: one declaration says what values an option takes and what it is for, and its type, its flag, its checks, its fields in
 * settings and checkpoints and its row in the docs are made of that. Nothing but types: it is on the way to the first prediction.
 */

/** What every declaration says. */
interface Described {
  /** What it is for, in a line that `--help` has room for. */
  description: string;
  /** What the docs say besides. */
  detail?: string;
  /** Letter of its short flag: `o` for `-o`. */
  short?: string;
  /** What stands for the value in `--help`: `file` for `--output <file>`. */
  value?: string;
  /** The default in words, where the value itself says little. */
  defaultText?: string;
  /** Must be given. */
  required?: true;
  /** null is a value too. */
  nullable?: true;
  /** Checkpoints: what one means that was written before there was the option. */
  before?: boolean | number | string | null;
  /** Model options: says what the model is given to read, and nothing of what its weights mean. */
  inputOnly?: true;
}

/** Bounds of a number; `above` and `below` are out of it themselves. */
export interface Bounds {
  min?: number;
  max?: number;
  above?: number;
  below?: number;
}

/** One option. */
export type Declaration =
  | (Described & { type: 'boolean'; default?: boolean })
  | (Described & Bounds & { type: 'integer' | 'number'; default?: number | null })
  | (Described & { type: 'choice'; choices: readonly string[]; default?: string })
  | (Described & { type: 'text'; nonEmpty?: true; default?: string })
  /** `repeatable`: one value each time that its flag is given; else all behind one flag. */
  | (Described & { type: 'texts'; repeatable?: true; default?: readonly string[] })
  /** Libraries only: what is told, an object of fields, an AbortSignal. */
  | (Described & { type: 'function' | 'object' | 'signal'; default?: undefined });

/** An AbortSignal, in a project that has a type of it. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } } ? Signal : unknown;

/** Options by the name that they have in code: `batchSize`. */
export type Declarations = Readonly<Record<string, Declaration>>;

type PlainValue<Declared> = Declared extends { type: 'boolean' }
  ? boolean
  : Declared extends { type: 'integer' | 'number' }
    ? number
    : Declared extends { type: 'choice'; choices: readonly (infer Word)[] }
      ? Word
      : Declared extends { type: 'text' }
        ? string
        : Declared extends { type: 'texts' }
          ? string[]
          : Declared extends { type: 'object' }
            ? object
            : Declared extends { type: 'signal' }
              ? Signal
              : (...values: never[]) => unknown;

/** Type of an option's values. */
export type ValueOf<Declared> = Declared extends { nullable: true } ? PlainValue<Declared> | null : PlainValue<Declared>;

/** What a caller may give: each option or not. */
export type Given<All> = { -readonly [Name in keyof All]?: ValueOf<All[Name]> };

/** What a caller gave, with the defaults: options that have neither may be missing. */
export type Filled<All> = {
  -readonly [Name in keyof All as All[Name] extends { default: unknown } | { required: true } ? Name : never]: ValueOf<All[Name]>;
} & { -readonly [Name in keyof All as All[Name] extends { default: unknown } | { required: true } ? never : Name]?: ValueOf<All[Name]> };
