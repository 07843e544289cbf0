/** `npm run paperplane -- VERB` on a cluster of simulated nodes. */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectl, repositoryRoot, run } from '#infra/tools/tools.ts';
import { testCluster } from '../helpers/cluster.ts';

const cluster = testCluster(0, ['--simulated-nodes', '2']);
const { paperplane } = cluster;
const logFile = join(cluster.dataDir, 'logs', 'control-plane.log');

beforeAll(async () => {
  const started = await cluster.start();
  expect(started.code).toBe(0);
  // the ready screen: what was skipped, and how to go on
  expect(started.stdout).toContain('no Docker, no networks and no volumes were set up');
  expect(started.stdout).toContain(`Stop it with: npm stop -- --name ${cluster.name} --data-dir ${cluster.dataDir}`);
}, 120_000);
afterAll(async () => {
  await cluster.stop();
}, 60_000);

describe('paperplane', () => {
  test('help names every verb; a wrong one is told with what was meant', async () => {
    const main = (...args: readonly string[]) => run(process.execPath, [join(repositoryRoot, 'cli', 'main.ts'), ...args]);
    const help = await main('--help');
    for (const verb of ['status', 'kubeconfig', 'logs', 'token', 'stop', 'version']) expect(help.stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
    const wrong = await main('statsu');
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('Did you mean status?');
    expect((await main('logs', '--tail=few')).stderr).toContain("option '--tail <lines>' argument 'few' is invalid. it takes a whole number.");
  });

  test('status tells programs, API and nodes', async () => {
    const { code, stdout } = await paperplane('status');
    expect(stdout).toContain(`${cluster.name}: API ready\n`);
    expect(stdout).toMatch(/PROGRAM +STATE +PID\n +control-plane +running +\d+\n +simulated +running +\d+\n/);
    expect(stdout).toMatch(/simulated-1 +yes +127\.0\.0\.1 +0\n +simulated-2 +yes/);
    expect(code).toBe(0);
    const status = JSON.parse((await paperplane('status', '-o', 'json')).stdout) as { healthy: boolean; kubeconfig: string; nodes: unknown[] };
    expect(status).toMatchObject({ healthy: true, api: 'ready', kubeconfig: cluster.kubeconfig, nodes: [{ name: 'simulated-1', ready: true }, { name: 'simulated-2' }] });
  });

  test('version tells both', async () => {
    expect((await paperplane('version')).stdout).toMatch(/^paperplane \d+\.\d+\.\d+ \(Node\.js 24\.\S+\)\ncluster {4}Kubernetes v1\.36\.\S+\n$/);
  });

  test('kubeconfig is one that kubectl takes, for its owner alone', async () => {
    const file = join(cluster.dataDir, 'mine');
    expect((await paperplane('kubeconfig', '-o', file)).code).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await kubectl(file)(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'])).stdout).toBe('kubernetes-admin');
    expect((await paperplane('kubeconfig')).stdout).toBe(readFileSync(file, 'utf8'));
  });

  test('token: one with every right, or of a named account', async () => {
    const admin = (await paperplane('token')).stdout.trim();
    const bare = join(cluster.dataDir, 'bare');
    const kubeconfig = (await paperplane('kubeconfig')).stdout.replace(/^ +client-(certificate|key)-data: .*\n/gm, '').replace('user:\n', 'user: {}\n');
    writeFileSync(bare, kubeconfig);
    const as = (token: string, ...args: readonly string[]) => kubectl(bare)([...args, '--token', token]);
    expect((await as(admin, 'auth', 'can-i', '*', '*')).stdout).toBe('yes\n');
    const named = (await paperplane('token', 'kube-system/default', '--duration', '10m')).stdout.trim();
    expect((await as(named, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).stdout).toBe('system:serviceaccount:kube-system:default');
    expect((await as(named, 'get', 'secrets')).stderr).toContain('Forbidden');
    const nobody = await paperplane('token', 'nobody');
    expect(nobody).toMatchObject({ code: 1, stdout: '', stderr: 'paperplane: serviceaccounts "nobody" not found\n' });
    expect((await paperplane('token', '--duration', '1m')).stderr).toContain('may not specify a duration less than 10 minutes');
  });

  test('logs: of each program, their end, and what comes', async () => {
    const whole = readFileSync(logFile, 'utf8');
    expect((await paperplane('logs')).stdout).toBe(whole);
    expect((await paperplane('logs', 'control-plane', '--tail', '1')).stdout).toBe(`${whole.trimEnd().split('\n').at(-1)}\n`);
    expect((await paperplane('logs', 'simulated')).code).toBe(0);
    const unknown = await paperplane('logs', 'node-9');
    expect(unknown).toMatchObject({ code: 1, stderr: 'paperplane: there is no program "node-9": there are control-plane, simulated\n' });

    const following = spawn(process.execPath, [join(repositoryRoot, 'cli', 'main.ts'), 'logs', '-f', '--tail', '1', '--name', cluster.name, '--data-dir', cluster.dataDir]);
    let seen = '';
    let wanted: string | undefined;
    let found = (): void => {};
    following.stdout.on('data', (bytes: Buffer) => {
      seen += bytes.toString();
      if (wanted !== undefined && seen.includes(wanted)) found();
    });
    const saw = (text: string): Promise<void> =>
      new Promise((resolve) => {
        wanted = text;
        found = resolve;
        if (seen.includes(text)) resolve();
      });
    await saw('ready on port');
    appendFileSync(logFile, 'a line of this test\n');
    await saw('a line of this test');
    const ended = new Promise((resolve) => following.once('exit', resolve));
    following.kill('SIGINT');
    expect(await ended).toBe(0);
  });

  test('stop keeps the state; status then says stopped; purge leaves nothing', async () => {
    expect((await paperplane('stop')).stdout).toContain('is stopped; its state is in');
    const stopped = await paperplane('status');
    expect(stopped.stdout).toContain(`${cluster.name}: API stopped\n`);
    expect(stopped.stdout).toMatch(/control-plane +stopped +-\n/);
    expect(stopped.code).toBe(1);
    expect((await paperplane('stop', '--purge')).stdout).toBe(`${cluster.name} is stopped and gone\n`);
    expect(existsSync(cluster.dataDir)).toBe(false);
    expect((await paperplane('status')).stderr).toContain(`there is no cluster ${cluster.name}`);
  });
});
