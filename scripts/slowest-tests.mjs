// A reporter for jest: the ten slowest test files and tests of a run, in seconds.
import { relative } from 'node:path';

const SHOWN = 10;

function table(title, rows) {
  const slowest = rows.sort((a, b) => b.seconds - a.seconds).slice(0, SHOWN);
  const lines = slowest.map(({ seconds, name }) => `${seconds.toFixed(1).padStart(7)} s  ${name}`);
  return `\nslowest ${title}\n${lines.join('\n')}\n`;
}

export default class SlowestTests {
  constructor({ rootDir }) {
    this.rootDir = rootDir;
  }

  onRunComplete(_, { testResults }) {
    const files = testResults.map(({ testFilePath, perfStats, testResults: tests }) => ({
      name: relative(this.rootDir, testFilePath),
      seconds: perfStats.runtime / 1000,
      tests,
    }));
    const tests = files.flatMap(({ name: file, tests }) =>
      tests.map(({ fullName, duration }) => ({ name: `${file}: ${fullName}`, seconds: (duration ?? 0) / 1000 })),
    );
    process.stderr.write(table('files', files) + table('tests', tests));
  }
}
