import { afterEach, describe, expect, it } from 'vitest';
import { startHarness, testPod, type Harness, type HarnessOptions } from '../testing/harness.ts';
import { settle } from '../testing/clock.ts';
import { behaviourOf } from '../runtime/simulated/commands.ts';

let node: Harness;
const start = async (options: HarnessOptions = {}): Promise<Harness> => (node = await startHarness(options));
afterEach(() => node.stop());

const conditions = (name: string): Record<string, string> => Object.fromEntries((node.cluster.get(name)?.status?.conditions ?? []).map(({ type, status }) => [type, status]));

describe('a pod comes up', () => {
  it('is Pending, then Running and ready, with addresses, conditions and events', async () => {
    await start({ behaviour: () => ({ startDelayMs: 1000 }) });
    node.cluster.create(testPod('web'));
    await settle();
    expect(node.cluster.get('web')?.status).toMatchObject({
      phase: 'Pending',
      hostIP: '192.0.2.1',
      startTime: '2026-01-01T00:00:00Z',
      containerStatuses: [{ ready: false, state: { waiting: { reason: 'ContainerCreating' } } }],
    });
    await node.clock.advance(1000);
    expect(node.cluster.get('web')?.status).toMatchObject({
      phase: 'Running',
      observedGeneration: 1,
      qosClass: 'BestEffort',
      podIP: '10.1.0.2',
      podIPs: [{ ip: '10.1.0.2' }],
      containerStatuses: [{ name: 'main', ready: true, started: true, restartCount: 0, image: 'busybox:1', state: { running: { startedAt: '2026-01-01T00:00:01Z' } } }],
    });
    expect(node.status('web').containerID).toMatch(/^docker:\/\//);
    expect(conditions('web')).toEqual({ PodReadyToStartContainers: 'True', Initialized: 'True', Ready: 'True', ContainersReady: 'True', PodScheduled: 'True' });
    expect(node.reasons('web')).toEqual(['Pulling', 'Pulled', 'Created', 'Started']);
    const [main] = await node.containers();
    expect(main).toMatchObject({ name: 'k8s_main_web_default_uid-web_0', labels: { 'io.kubernetes.pod.name': 'web', 'io.kubernetes.container.name': 'main' } });
  });

  it('makes no more calls than the containers themselves need', async () => {
    await start();
    node.cluster.create(testPod('warm'));
    await settle();
    const before = new Map(node.runtime.calls);
    node.cluster.create(testPod('web'));
    await settle();
    const used = Object.fromEntries([...node.runtime.calls].map(([verb, count]) => [verb, count - (before.get(verb) ?? 0)]).filter(([, count]) => count !== 0));
    expect(used).toEqual({ create: 2, start: 2, inspect: 1 });
  });

  it('runs on simulated images that need no root, after init containers that have ended', async () => {
    await start({ behaviour: ({ command = [], initializes }) => behaviourOf(command, initializes) });
    const container = (name: string) => ({ name, image: 'operator:1', command: ['/operator', name] });
    node.cluster.create(
      testPod('operator', {
        securityContext: { runAsNonRoot: true },
        initContainers: [{ ...container('side'), restartPolicy: 'Always' }, container('first')],
        containers: [container('main')],
      }),
    );
    await settle();
    await node.clock.advance(1);
    expect(node.cluster.get('operator')?.status).toMatchObject({
      phase: 'Running',
      initContainerStatuses: [{ state: { running: {} } }, { state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
      containerStatuses: [{ name: 'main', ready: true }],
    });
  });

  it('never tells a phase backwards', async () => {
    await start();
    node.cluster.create(testPod('web'));
    await settle();
    node.runtime.exit((await node.containers())[0]!.id, 1);
    await settle();
    const phases = node.cluster.history.map(({ status }) => status.phase);
    expect(phases.lastIndexOf('Pending')).toBeLessThan(phases.indexOf('Running'));
  });
});

describe('a container ends', () => {
  const exitOf = async (name: string, code: number): Promise<void> => {
    const running = (await node.containers()).find((state) => state.phase === 'running' && state.labels['io.kubernetes.pod.name'] === name);
    node.runtime.exit(running!.id, code);
    await settle();
  };

  it('starts again at once the first time, then waits 10 s, 20 s, and so on to 5 minutes', async () => {
    await start();
    node.cluster.create(testPod('web'));
    await settle();
    await exitOf('web', 1);
    expect(node.status('web')).toMatchObject({ restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 1, reason: 'Error' } } });
    for (const [index, seconds] of [10, 20, 40, 80, 160, 300, 300].entries()) {
      await exitOf('web', 1);
      const text = seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
      expect(node.status('web')).toMatchObject({
        restartCount: index + 1,
        state: { waiting: { reason: 'CrashLoopBackOff', message: `back-off ${text} restarting failed container=main pod=web_default(uid-web)` } },
      });
      expect(node.cluster.get('web')?.status?.phase).toBe('Running');
      await node.clock.advance(seconds * 1000 - 1);
      expect(node.status('web').restartCount).toBe(index + 1);
      await node.clock.advance(2);
      expect(node.status('web')).toMatchObject({ restartCount: index + 2, state: { running: {} } });
    }
    expect(node.reasons('web')).toContain('BackOff');
  });

  it('forgets its failures after ten good minutes', async () => {
    await start();
    node.cluster.create(testPod('web'));
    await settle();
    await exitOf('web', 1);
    await exitOf('web', 1);
    await node.clock.advance(11_000);
    await node.clock.advance(1_300_000);
    await exitOf('web', 1);
    expect(node.status('web')).toMatchObject({ restartCount: 3, state: { running: {} } });
  });

  it('keeps one dead container of each', async () => {
    await start();
    node.cluster.create(testPod('web'));
    await settle();
    for (let at = 0; at < 4; at++) {
      await exitOf('web', 1);
      await node.clock.advance(400_000);
    }
    expect((await node.containers()).map(({ phase }) => phase).sort()).toEqual(['exited', 'running']);
  });

  it.each([
    ['Never', 0, 'Succeeded', 0],
    ['Never', 3, 'Failed', 0],
    ['OnFailure', 0, 'Succeeded', 0],
    ['OnFailure', 3, 'Running', 1],
    ['Always', 0, 'Running', 1],
  ] as const)('policy %s, exit code %i: %s after %i restarts', async (restartPolicy, code, phase, restarts) => {
    await start();
    node.cluster.create(testPod('job', { restartPolicy }));
    await settle();
    await exitOf('job', code);
    expect(node.cluster.get('job')?.status?.phase).toBe(phase);
    expect(node.status('job').restartCount).toBe(restarts);
    if (phase === 'Running') return;
    expect(node.status('job')).toMatchObject({ ready: false, state: { terminated: { exitCode: code, reason: code === 0 ? 'Completed' : 'Error' } } });
    expect(await node.sandboxes()).toEqual([]);
    // Its log can still be read.
    expect(await node.containers()).toHaveLength(1);
    expect(conditions('job')).toMatchObject({ PodReadyToStartContainers: 'False', Ready: 'False' });
    node.cluster.delete('job');
    await settle();
    expect(await node.containers()).toEqual([]);
  });

  it('cannot be started at all', async () => {
    await start({ behaviour: () => ({ startError: 'exec: "nothing": executable file not found in $PATH' }) });
    node.cluster.create(testPod('bad'));
    await settle();
    expect(node.status('bad')).toMatchObject({
      restartCount: 1,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 127, reason: 'ContainerCannotRun' } },
    });
    node.cluster.create(testPod('once', { restartPolicy: 'Never' }));
    await settle();
    expect(node.cluster.get('once')?.status?.phase).toBe('Failed');
    expect(node.reasons('once')).toContain('Failed');
  });

  it('takes its whole pod along when the sandbox dies', async () => {
    await start();
    node.cluster.create(testPod('web'));
    await settle();
    const [sandbox] = await node.sandboxes();
    node.runtime.exit(sandbox!.id, 137);
    await settle();
    await node.clock.advance(40_000);
    expect(node.cluster.get('web')?.status).toMatchObject({ phase: 'Running', containerStatuses: [{ restartCount: 1, ready: true }] });
    expect((await node.sandboxes()).map(({ name }) => name)).toEqual(['k8s_POD_web_default_uid-web_1']);
    expect(node.reasons('web')).toContain('SandboxChanged');
  });
});

describe('a pod is deleted', () => {
  it('ends within its grace, tells its last state, and leaves nothing', async () => {
    await start({ behaviour: () => ({ stopDelayMs: 5000 }) });
    node.cluster.create(testPod('web'));
    await settle();
    node.cluster.delete('web');
    await settle();
    expect(node.cluster.get('web')?.status).toMatchObject({ phase: 'Running' });
    await node.clock.advance(5000);
    expect(node.cluster.get('web')).toBeUndefined();
    const last = node.cluster.history.at(-1)!;
    expect(last.status).toMatchObject({ phase: 'Succeeded', containerStatuses: [{ ready: false, state: { terminated: { exitCode: 0 } } }] });
    expect(await node.containers()).toEqual([]);
    expect(await node.sandboxes()).toEqual([]);
    expect(node.manager.list()).toEqual([]);
    expect(node.reasons('web')).toContain('Killing');
  });

  it('is killed when the grace is over', async () => {
    await start({ behaviour: () => ({ stopDelayMs: 60_000 }) });
    node.cluster.create(testPod('web', { terminationGracePeriodSeconds: 10 }));
    await settle();
    node.cluster.delete('web');
    await node.clock.advance(10_000);
    expect(node.cluster.get('web')).toBeUndefined();
    expect(node.cluster.history.at(-1)?.status).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 137 } } }] });
  });

  it('is force-deleted: gone from the API, then from the node', async () => {
    await start({ behaviour: () => ({ stopDelayMs: 60_000 }) });
    node.cluster.create(testPod('web'));
    await settle();
    node.cluster.forceDelete('web');
    await node.clock.advance(31_000);
    expect(await node.containers()).toEqual([]);
    expect(await node.sandboxes()).toEqual([]);
  });

  it('while its image is still being pulled', async () => {
    await start({ pull: () => ({ delayMs: 60_000 }) });
    node.cluster.create(testPod('web'));
    await node.clock.advance(1000);
    node.cluster.delete('web');
    await node.clock.advance(1000);
    expect(node.cluster.get('web')).toBeUndefined();
    await node.clock.advance(60_000);
    expect(await node.containers()).toEqual([]);
    expect(await node.sandboxes()).toEqual([]);
  });
});

describe('images', () => {
  it('waits longer and longer for one that cannot be pulled', async () => {
    await start({ pull: () => ({ error: 'no such host' }) });
    node.cluster.create(testPod('web'));
    await settle();
    expect(node.status('web').state?.waiting).toEqual({ reason: 'ErrImagePull', message: 'no such host' });
    await node.clock.advance(1000);
    expect(node.status('web').state?.waiting).toEqual({ reason: 'ImagePullBackOff', message: 'Back-off pulling image "busybox:1": ErrImagePull: no such host' });
    const pulls = (): number => node.runtime.calls.get('pull') ?? 0;
    expect(pulls()).toBe(1);
    await node.clock.advance(10_000);
    expect(pulls()).toBe(2);
    await node.clock.advance(10_000);
    expect(pulls()).toBe(2);
    await node.clock.advance(11_000);
    expect(pulls()).toBe(3);
    expect(node.cluster.get('web')?.status?.phase).toBe('Pending');
    expect(node.reasons('web')).toEqual(expect.arrayContaining(['Pulling', 'Failed', 'BackOff']));
  });

  it.each([
    ['Never', 'busybox:1', 'ErrImageNeverPull'],
    ['IfNotPresent', 'Bad Name', 'InvalidImageName'],
  ] as const)('policy %s, image %s: %s', async (imagePullPolicy, image, reason) => {
    await start();
    node.cluster.create(testPod('web', { containers: [{ name: 'main', image, imagePullPolicy }] }));
    await settle();
    expect(node.status('web').state?.waiting?.reason).toBe(reason);
  });
});

describe('the agent starts again', () => {
  it('takes on what runs, and starts nothing anew', async () => {
    await start();
    node.cluster.create(testPod('web'));
    await settle();
    const before = await node.containers();
    const changes = node.cluster.history.length;
    await node.restart();
    expect(await node.containers()).toEqual(before);
    expect(node.runtime.calls.get('create')).toBe(2);
    expect(node.cluster.history.length).toBe(changes);
    node.runtime.exit(before[0]!.id, 1);
    await settle();
    expect(node.status('web')).toMatchObject({ restartCount: 1, ready: true });
  });

  it('sees what ended meanwhile', async () => {
    await start();
    node.cluster.create(testPod('job', { restartPolicy: 'Never' }));
    await settle();
    node.stop();
    node.runtime.exit((await node.containers())[0]!.id, 7);
    await node.restart();
    expect(node.cluster.get('job')?.status).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 7 } } }] });
  });

  it('clears away pods that were deleted meanwhile', async () => {
    await start();
    node.cluster.create(testPod('web'));
    await settle();
    node.stop();
    node.cluster.forceDelete('web');
    await node.restart();
    await node.clock.advance(1000);
    expect(await node.containers()).toEqual([]);
    expect(await node.sandboxes()).toEqual([]);
  });
});

describe('trouble', () => {
  it('goes on by itself when the runtime is back', async () => {
    await start();
    node.runtime.fail('down');
    node.cluster.create(testPod('web'));
    await node.clock.advance(30_000);
    expect(node.cluster.get('web')?.status?.phase).toBe('Pending');
    node.runtime.fail(undefined);
    await node.clock.advance(15_000);
    expect(node.cluster.get('web')?.status?.phase).toBe('Running');
  });

  it('keeps restarting containers while the cluster is away, and tells it later', async () => {
    await start();
    node.cluster.create(testPod('web'));
    await settle();
    node.cluster.away = true;
    node.runtime.exit((await node.containers())[0]!.id, 1);
    await node.clock.advance(1000);
    expect((await node.containers()).filter(({ phase }) => phase === 'running')).toHaveLength(1);
    node.cluster.away = false;
    await node.clock.advance(20_000);
    expect(node.status('web')).toMatchObject({ restartCount: 1, ready: true });
  });

  it('ends a pod that overran its deadline', async () => {
    await start();
    node.cluster.create(testPod('web', { activeDeadlineSeconds: 60 }));
    await node.clock.advance(59_000);
    expect(node.cluster.get('web')?.status?.phase).toBe('Running');
    await node.clock.advance(2_000);
    expect(node.cluster.get('web')?.status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
  });

  it('refuses what does not fit', async () => {
    await start();
    node.cluster.create(testPod('big', { containers: [{ name: 'main', image: 'busybox:1', resources: { requests: { cpu: '5' } } }] }));
    node.cluster.create(testPod('elsewhere', { nodeSelector: { disk: 'ssd' } }));
    await settle();
    expect(node.cluster.get('big')?.status).toMatchObject({
      phase: 'Failed',
      reason: 'OutOfcpu',
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000",
    });
    expect(node.cluster.get('elsewhere')?.status).toMatchObject({ phase: 'Failed', reason: 'NodeAffinity' });
    const port = (name: string, hostPort: number): void =>
      void node.cluster.create(testPod(name, { containers: [{ name: 'main', image: 'busybox:1', ports: [{ containerPort: 80, hostPort }] }] }));
    port('first', 8080);
    port('second', 8080);
    port('third', 8081);
    await settle();
    expect(['first', 'second', 'third'].map((name) => node.cluster.get(name)?.status?.phase)).toEqual(['Running', 'Failed', 'Running']);
  });
});

describe('a resize', () => {
  it('is in progress until the kernel has it, and then is not spoken of', async () => {
    await start();
    const resources = (cpu: string) => ({ requests: { cpu } });
    const pod = testPod('web');
    node.cluster.create({ ...pod, spec: { ...pod.spec, containers: [{ ...pod.spec.containers[0]!, resources: resources('20m') }] } });
    await settle();
    expect(node.status('web')).toMatchObject({ allocatedResources: { cpu: '20m' }, resources: resources('20m') });
    node.cluster.change('web', (before) => ({ ...before, spec: { ...before.spec, containers: [{ ...before.spec.containers[0]!, resources: resources('30m') }] } }));
    await settle();
    expect(node.status('web')).toMatchObject({ allocatedResources: { cpu: '30m' }, resources: resources('30m') });
    expect(conditions('web')).not.toHaveProperty('PodResizeInProgress');
    // Whoever reads the new generation sees either the condition or the new figures.
    const seen = node.cluster.history.filter(({ status }) => status.observedGeneration === 2);
    expect(seen.length).toBeGreaterThan(0);
    for (const { status } of seen)
      expect(status.conditions?.some(({ type }) => type === 'PodResizeInProgress') === true || status.containerStatuses?.[0]?.resources?.requests?.['cpu'] === '30m').toBe(true);
  });
});
