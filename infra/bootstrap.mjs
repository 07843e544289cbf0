#!/usr/bin/env node
/**
 * The first step of every npm script: plain JavaScript for whatever Node the machine has (20 or newer). Installs the npm packages
 * where they are missing or older than the lock file, then hands over to the pinned Node 24 that came with them.
 * Usage: bootstrap.mjs FILE.ts [ARGUMENT...]
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.paperplane-lock');
const MINIMUM_NODE = 20;
/** An install that takes longer than this hangs on the network. */
const INSTALL_LIMIT_MS = 15 * 60_000;

function fail(message) {
  process.stderr.write(`paperplane: ${message}\n`);
  process.exit(1);
}

const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
const installed = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === lockHash();

/** Two commands started at once must not both install: a folder is made by one of them only. */
function withInstallLock(run) {
  const lock = join(root, '.install-lock');
  const until = Date.now() + INSTALL_LIMIT_MS;
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      if (installed()) return;
      const age = existsSync(lock) ? Date.now() - statSync(lock).mtimeMs : 0;
      if (age > INSTALL_LIMIT_MS || Date.now() > until) rmSync(lock, { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  try {
    if (!installed()) run();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

if (Number(process.versions.node.split('.')[0]) < MINIMUM_NODE) fail(`Node ${MINIMUM_NODE} or newer is needed to begin, this is ${process.version}`);
if (!['x64', 'arm64'].includes(process.arch) || process.platform !== 'linux') fail(`Linux on x64 or arm64 is needed, this is ${process.platform} on ${process.arch}`);

if (!installed()) {
  withInstallLock(() => {
    process.stderr.write('paperplane: installing npm packages (npm ci) ...\n');
    const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2], timeout: INSTALL_LIMIT_MS });
    if (result.status !== 0) fail('npm ci failed (its output is above): check that the npm registry can be reached, then run the command again');
    writeFileSync(stampFile, lockHash());
  });
}

const node = join(modules, `node-linux-${process.arch}`, 'bin', 'node');
if (!existsSync(node)) fail(`${node} is missing: remove node_modules and run the command again`);

const child = spawn(node, [join(root, process.argv[2]), ...process.argv.slice(3)], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${join(modules, '.bin')}:${process.env.PATH ?? ''}`, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, '.cache', 'node') },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
