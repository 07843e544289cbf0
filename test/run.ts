/**
 * `npm test`: all checks, cheap ones first, each with its time. Any argument is handed to vitest alone (`npm test -- layers/store`).
 * The summary at the end repeats what failed.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '#infra/tools/tools.ts';

const bin = (name: string): string => join(repositoryRoot, 'node_modules', '.bin', name);
const filters = process.argv.slice(2);

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const checks: readonly Step[] = [
  { name: 'format', command: [bin('oxfmt'), '--check', '.'] },
  { name: 'lint', command: [bin('oxlint'), '--type-aware', '--quiet'] },
  { name: 'types', command: [bin('tsc'), '-p', '.'] },
  { name: 'dead exports', command: [bin('knip'), '--no-progress'] },
];
const suites: readonly Step[] = [
  { name: 'unit and contract tests', command: [bin('vitest'), 'run', '--project', 'unit'] },
  { name: 'end-to-end tests', command: [bin('vitest'), 'run', '--project', 'e2e'] },
];
const steps = filters.length > 0 ? [{ name: 'chosen tests', command: [bin('vitest'), 'run', ...filters] }] : [...checks, ...suites];

const results = steps.map((step) => {
  process.stdout.write(`\n== ${step.name}\n`);
  const began = Date.now();
  const { status } = spawnSync(step.command[0]!, step.command.slice(1), { cwd: repositoryRoot, stdio: 'inherit' });
  return { ...step, passed: status === 0, seconds: (Date.now() - began) / 1000 };
});

process.stdout.write('\n');
for (const { name, passed, seconds } of results) process.stdout.write(`${passed ? 'passed' : 'FAILED'}  ${name} (${seconds.toFixed(1)} s)\n`);
const failed = results.filter((result) => !result.passed).length;
process.stdout.write(`steps: ${results.length - failed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
