/** Packages of Python that are fetched for the libraries in them: nothing of them runs in Python. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../base/errors.ts';
import { reasonIn, runProgram } from './child-programs.ts';

/** The Python that runs: `wished`, or `python3` or `python`. @throws DataError where none does */
export async function findPython(wished?: string): Promise<string> {
  for (const name of wished ? [wished] : ['python3', 'python']) if ((await runProgram(name, ['--version'])).code === 0) return name;
  throw new DataError(
    `${wished ?? 'python3'} does not run: install Python 3 with pip (Debian and Ubuntu: apt install python3-pip), or name one with --python`,
  );
}

/** @throws DataError where a Python has no pip */
export async function requirePip(python: string): Promise<void> {
  if ((await runProgram(python, ['-m', 'pip', '--version'])).code !== 0)
    throw new DataError(
      `${python} has no pip: install it (Debian and Ubuntu: apt install python3-pip), or name another Python with --python`,
    );
}

/** What is fetched. */
export interface PackageRequest {
  /** Requirements as pip reads them. */
  packages: readonly string[];
  /** In a message: what is fetched. */
  what: string;
  /** Whether wheels for a fixed Python are taken, whatever Python is installed: what is wanted of them does not depend on it. */
  anyPython?: boolean;
  /** Shows pip's own output. */
  show: boolean;
}

/** Unpacks packages, without those that they depend on, into a folder. @throws DataError that says what to do */
export async function fetchPackages(python: string, target: string, { packages, what, anyPython, show }: PackageRequest): Promise<void> {
  const { code, output } = await runProgram(
    python,
    [
      ...['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--no-deps', '--no-compile', '--no-warn-conflicts'],
      ...(show ? [] : ['--quiet']),
      ...['--only-binary', ':all:', '--upgrade', '--target', target],
      ...(anyPython ? ['--python-version', '3.12', '--implementation', 'cp'] : []),
      ...packages,
    ],
    { show },
  );
  if (code === 0) return;
  if (/No space left|ENOSPC/.test(output))
    throw new DataError(`the disk is full: ${what} does not fit; free some space or name another --folder`);
  throw new DataError(`pip cannot install ${what}: ${reasonIn(output)}; is there a network, and is PIP_INDEX_URL right if it is set?`);
}

/**
 * What an unpacked package asks for with an extra.
 * @param distribution pattern of the package's name as its folder spells it
 */
export function extraRequirements(site: string, distribution: string, extra: string): string[] {
  const information = readdirSync(site).find((name) => new RegExp(`^${distribution}-.*\\.dist-info$`).test(name));
  const metadata = information && join(site, information, 'METADATA');
  if (!metadata || !existsSync(metadata)) return [];
  return readFileSync(metadata, 'utf8')
    .split('\n')
    .map((line) => new RegExp(`^Requires-Dist: ([^;]+); *extra == ["']${extra}["']`).exec(line)?.[1].trim())
    .filter((requirement) => requirement !== undefined);
}
