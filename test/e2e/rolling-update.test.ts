/** `kubectl rolling-update` as a plugin: updates, their interruption and resumption, rollbacks, and what it refuses. On simulated nodes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { repositoryRoot, run, tool, type Ran } from '#infra/tools/tools.ts';
import { testCluster } from '../helpers/cluster.ts';
import { talk, type Talking } from '../helpers/process.ts';

const cluster = testCluster(0, ['--simulated-nodes', '2']);
const { ok } = cluster;
const env = { KUBECONFIG: cluster.kubeconfig, PATH: `${join(repositoryRoot, 'cli', 'plugins')}:${process.env['PATH']}` };
const FAST = ['--update-period=50ms', '--poll-interval=50ms'] as const;

const update = (...args: readonly string[]): Promise<Ran> => run(tool('kubectl'), ['rolling-update', ...args, ...FAST], { env });
/** The plugin itself, so that a signal reaches it; slow enough to be stopped between two steps. */
const slowly = (...args: readonly string[]): Talking =>
  talk(process.execPath, [join(repositoryRoot, 'cli', 'rolling-update', 'main.ts'), ...args, '--update-period=1h', '--poll-interval=50ms'], env);

const rc = (name: string, image: string, labels: Record<string, string>, replicas = 2): object => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name },
  spec: { replicas, selector: labels, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } } },
});
const images = (): Promise<string> => ok(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.containers[0].image}']);
const controllers = (): Promise<string> => ok(['get', 'rc', '-o', 'jsonpath={range .items[*]}{.metadata.name}={.spec.replicas} {end}']);

describe('kubectl rolling-update', () => {
  beforeAll(async () => {
    expect((await cluster.start()).code).toBe(0);
  }, 120_000);
  afterAll(async () => {
    await cluster.stop();
  }, 60_000);
  beforeEach(async () => {
    await ok(['delete', 'rc,pods', '--all', '--now']);
    await cluster.create(rc('web', 'example/web:1', { app: 'web', version: '1' }));
    await cluster.wait('rc/web', 'jsonpath={.status.readyReplicas}=2');
  });

  test('to another image, the name kept: line by line as of old', async () => {
    const { code, stdout } = await update('web', '--image=example/web:2');
    expect(code).toBe(0);
    const hashed = /^Created (web-[0-9a-f]{32})\n/.exec(stdout)?.[1];
    expect(stdout).toBe(
      `Created ${hashed}
Scaling up ${hashed} from 0 to 2, scaling down web from 2 to 0 (keep 2 pods available, don't exceed 3 pods)
Scaling ${hashed} up to 1
Scaling web down to 1
Scaling ${hashed} up to 2
Scaling web down to 0
Update succeeded. Deleting old controller: web
Renaming ${hashed} to web
replicationcontroller "web" rolling updated
`,
    );
    expect(await controllers()).toBe('web=2 ');
    expect(await images()).toBe('example/web:2 example/web:2');
    expect(await ok(['get', 'rc', 'web', '-o', 'jsonpath={.metadata.annotations}'])).not.toMatch(/update-source-id|desired-replicas/);
  });

  test('to a file, which brings its own name and size', async () => {
    const file = join(cluster.dataDir, 'next.json');
    writeFileSync(file, JSON.stringify(rc('web-2', 'example/web:2', { app: 'web', version: '2' }, 3)));
    const { code, stdout } = await update('web', '-f', file);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Created web-2\nScaling up web-2 from 0 to 3, scaling down web from 2 to 0 \(keep 2 pods available, don't exceed 3 pods\)\n/);
    expect(stdout).toMatch(/Update succeeded\. Deleting web\nreplicationcontroller "web" rolling updated to "web-2"\n$/);
    expect(await controllers()).toBe('web-2=3 ');
  });

  test('that is interrupted is resumed by the same command', async () => {
    const first = slowly('web', 'web-next', '--image=example/web:2');
    await first.says('Scaling web-next up to 1');
    await cluster.wait('rc/web-next', 'jsonpath={.status.replicas}=1');
    await first.kill('SIGKILL');
    expect(await controllers()).toBe('web=2 web-next=1 ');
    const again = await update('web', 'web-next', '--image=example/web:2');
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(
      /^Found existing update in progress \(web-next\), resuming\.\nContinuing update with existing controller web-next\.\nScaling up web-next from 1 to 2, /,
    );
    expect(again.stdout).toMatch(/Update succeeded\. Deleting web\nreplicationcontroller "web" rolling updated to "web-next"\n$/);
    expect(await controllers()).toBe('web-next=2 ');
    expect(await images()).toBe('example/web:2 example/web:2');
  });

  test('that is interrupted is rolled back', async () => {
    const first = slowly('web', 'web-next', '--image=example/web:2');
    await first.says('Scaling web-next up to 1');
    await cluster.wait('rc/web-next', 'jsonpath={.status.replicas}=1');
    await first.kill('SIGKILL');
    const back = await update('web', 'web-next', '--rollback');
    expect(back.stderr).toBe('');
    expect(back.stdout).toMatch(/^Setting "web" replicas to 2\nContinuing update with existing controller web\.\nScaling up web from 2 to 2, scaling down web-next from 1 to 0 /);
    expect(back.stdout).toMatch(/Update succeeded\. Deleting web-next\nreplicationcontroller "web-next" rolling updated to "web"\n$/);
    expect(await controllers()).toBe('web=2 ');
    expect(await images()).toBe('example/web:1 example/web:1');
  });

  test('dry, it says what it would do and changes nothing', async () => {
    const { code, stdout } = await update('web', 'web-next', '--image=example/web:2', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toBe('Rolling from:\nweb\nTo:\nweb-next\n');
    expect(await controllers()).toBe('web=2 ');
  });

  test.each([
    [['web'], 'Must specify --filename or --image for new controller'],
    [['--image=x'], 'Must specify the controller to update'],
    [['web', '--image=x', '-f', 'y'], '--filename and --image can not both be specified'],
    [['web', '--rollback', '--image=x'], "Don't specify --filename or --image on rollback"],
    [['web', 'web', '--image=x'], 'cannot have the same name as the existing ReplicationController web'],
    [['nobody', '--image=x'], 'replicationcontrollers "nobody" not found'],
    [['web', '--image=x', '--timeout=soon'], 'invalid argument "soon" for "--timeout" flag'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await run(process.execPath, [join(repositoryRoot, 'cli', 'rolling-update', 'main.ts'), ...args], { env });
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(await controllers()).toBe('web=2 ');
  });
});
