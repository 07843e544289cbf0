/**
 * `npm test`: all checks, cheap ones first, each with its time. Any argument is handed to vitest alone (`npm test -- layers/store`).
 * The summary at the end repeats what failed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { repositoryRoot } from '#infra/tools/tools.ts';

const bin = (name: string): string => join(repositoryRoot, 'node_modules', '.bin', name);
const filters = process.argv.slice(2);

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly report?: string;
}

const checks: readonly Step[] = [
  { name: 'format', command: [bin('oxfmt'), '--check', '.'] },
  { name: 'lint', command: [bin('oxlint'), '--type-aware', '--quiet'] },
  { name: 'types', command: [bin('tsc'), '-p', '.'] },
  { name: 'dead exports', command: [bin('knip'), '--no-progress'] },
];
/**
 * Each suite also leaves its results as JSON, from which the summary names what failed. A test that fails is tried once more, and named where it passes then:
 * one that is late once on a busy machine must not hide what the other two thousand say.
 */
const reports = mkdtempSync(join(tmpdir(), 'paperplane-test-'));
const suite = (name: string, project: string): Step => {
  const report = join(reports, `${project}.json`);
  return {
    name,
    report,
    command: [
      bin('vitest'),
      'run',
      '--project',
      project,
      '--retry=1',
      '--reporter=default',
      '--reporter=json',
      `--reporter=${join(repositoryRoot, 'test', 'second-tries.ts')}`,
      `--outputFile.json=${report}`,
    ],
  };
};
const suites: readonly Step[] = [suite('unit and contract tests', 'unit'), suite('end-to-end tests', 'e2e')];
const steps = filters.length > 0 ? [{ name: 'chosen tests', command: [bin('vitest'), 'run', ...filters] }] : [...checks, ...suites];

const results = steps.map((step) => {
  process.stdout.write(`\n== ${step.name}\n`);
  const began = Date.now();
  const { status } = spawnSync(step.command[0]!, step.command.slice(1), { cwd: repositoryRoot, stdio: 'inherit' });
  return { ...step, passed: status === 0, seconds: (Date.now() - began) / 1000 };
});

/** The failed tests of a suite, a line each with the first line of the reason. */
function failures(report: string | undefined): readonly string[] {
  if (report === undefined || !existsSync(report)) return [];
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    readonly testResults: readonly {
      readonly name: string;
      readonly status: string;
      readonly message: string;
      readonly assertionResults: readonly { readonly fullName: string; readonly status: string; readonly failureMessages: readonly string[] }[];
    }[];
  };
  const firstLine = (text: string | undefined): string => text?.split('\n')[0]?.slice(0, 300) ?? '';
  return testResults.flatMap((file) => {
    const failed = file.assertionResults.filter((test) => test.status === 'failed').map((test) => `${test.fullName}: ${firstLine(test.failureMessages[0])}`);
    const reasons = failed.length === 0 && file.status === 'failed' ? [firstLine(file.message)] : failed;
    return reasons.map((reason) => `        ${relative(repositoryRoot, file.name)}: ${reason}`);
  });
}

process.stdout.write('\n');
for (const { name, passed, seconds, report } of results) {
  process.stdout.write(`${passed ? 'passed' : 'FAILED'}  ${name} (${seconds.toFixed(1)} s)\n`);
  if (!passed) for (const line of failures(report)) process.stdout.write(`${line}\n`);
}
rmSync(reports, { recursive: true, force: true });
const failed = results.filter((result) => !result.passed).length;
process.stdout.write(`steps: ${results.length - failed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
