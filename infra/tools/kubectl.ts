/** `npm run kubectl -- ...`: the pinned kubectl, with the project's plugins on its path. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { tool } from './tools.ts';

const plugins = join(import.meta.dirname, '..', '..', 'cli', 'plugins');
const { status } = spawnSync(tool('kubectl'), process.argv.slice(2), {
  stdio: 'inherit',
  cwd: process.env['INIT_CWD'],
  env: { ...process.env, PATH: `${plugins}:${process.env['PATH'] ?? ''}` },
});
process.exitCode = status ?? 1;
