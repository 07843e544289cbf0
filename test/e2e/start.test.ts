/** `npm start` as a user has it: without options for files, in a home of its own, with and without `--detach`. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot, run, tool, type Ran } from '#infra/tools/tools.ts';
import { talk } from '../helpers/process.ts';

const home = mkdtempSync(join(tmpdir(), 'paperplane-home-'));
const config = join(home, '.kube', 'config');
const name = `u${process.pid % 10_000}`;
/** The environment of a fresh user: nothing points anywhere. */
const env = { HOME: home, KUBECONFIG: '', XDG_DATA_HOME: '', INIT_CWD: home };
const options = ['--name', name, '--nodes', '0', '--simulated-nodes', '1'] as const;
const program = (file: string, ...args: readonly string[]): Promise<Ran> => run(process.execPath, [join(repositoryRoot, 'infra', 'local', file), ...args], { env });
const kubectl = (...args: readonly string[]): Promise<Ran> => run(tool('kubectl'), args, { env });

describe('npm start', () => {
  beforeAll(() => {
    mkdirSync(join(home, '.kube'));
    writeFileSync(config, '# mine\napiVersion: v1\nkind: Config\ncontexts:\n  - {name: other, context: {cluster: other, user: other}}\ncurrent-context: other\n', { mode: 0o600 });
  });
  afterAll(async () => {
    await program('stop.ts', '--name', name, '--purge');
    rmSync(home, { recursive: true, force: true });
  }, 60_000);

  test('adds a context to the kubeconfig that is there, and makes it current', async () => {
    const started = await program('start.ts', '--detach', ...options);
    expect(started.code).toBe(0);
    expect(started.stdout).toContain(`kubeconfig  ${config} (context ${name})`);
    // plain lines where there is no terminal
    expect(started.stderr).toMatch(/^ +\d+\.\d s {2}starting the control plane$/m);
    expect((await kubectl('config', 'get-contexts', '-o', 'name')).stdout.trim().split('\n').toSorted()).toEqual(['other', name].toSorted());
    expect((await kubectl('config', 'current-context')).stdout).toBe(`${name}\n`);
    expect((await kubectl('get', 'nodes', '-o', 'name')).stdout).toBe('node/simulated-1\n');
    expect(readFileSync(config, 'utf8')).toContain('# mine');
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect(existsSync(`${config}.lock`)).toBe(false);
    expect(existsSync(join(home, '.local', 'share', 'paperplane', name, 'cluster.json'))).toBe(true);
  });

  test('of what runs already changes nothing', async () => {
    const uid = (await kubectl('get', 'namespace', 'default', '-o', 'jsonpath={.metadata.uid}')).stdout;
    const again = await program('start.ts', '--detach', '--name', name);
    expect(again.code).toBe(0);
    expect((await kubectl('get', 'nodes', '-o', 'name')).stdout).toBe('node/simulated-1\n');
    expect((await kubectl('get', 'namespace', 'default', '-o', 'jsonpath={.metadata.uid}')).stdout).toBe(uid);
  });

  test('without --detach holds the terminal until Ctrl-C, which stops the cluster and keeps its state', async () => {
    expect((await kubectl('create', 'configmap', 'kept')).code).toBe(0);
    expect((await program('stop.ts', '--name', name)).code).toBe(0);
    const foreground = talk(process.execPath, [join(repositoryRoot, 'infra', 'local', 'start.ts'), '--name', name], env);
    await foreground.says('Ctrl-C stops it and keeps its state.');
    expect((await kubectl('get', 'configmap', 'kept', '-o', 'name')).stdout).toBe('configmap/kept\n');
    await foreground.kill('SIGINT');
    expect(await foreground.ended).toBe(0);
    expect((await kubectl('get', 'nodes')).stderr).toMatch(/refused/);
  });

  test('says which place it cannot write to, and leaves nothing behind', async () => {
    writeFileSync(join(home, 'file'), '');
    const places = ['/proc/none', join(home, 'file', 'below')];
    for (const place of places) {
      const refused = await program('start.ts', '--detach', ...options, '--name', `${name}x`, '--data-dir', place);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`cannot write to ${place} (`)]);
      expect(refused.stderr).toContain('name another place with --data-dir');
    }
    const refused = await program('start.ts', '--detach', ...options, '--name', `${name}x`, '--kubeconfig', '/proc/none/config');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('name another place with --kubeconfig')]);
    expect(existsSync(join(home, '.local', 'share', 'paperplane', `${name}x`))).toBe(false);
  });

  test('and npm stop --purge leave the kubeconfig as it was', async () => {
    expect((await program('stop.ts', '--name', name, '--purge')).code).toBe(0);
    expect((await kubectl('config', 'get-contexts', '-o', 'name')).stdout).toBe('other\n');
    expect((await kubectl('config', 'current-context')).stdout).toBe('other\n');
    expect(existsSync(join(home, '.local', 'share', 'paperplane', name))).toBe(false);
    expect((await program('stop.ts', '--name', name)).stderr).toContain(`there is no cluster ${name}`);
  });
});
