/** `kubectl rolling-update`: gone from kubectl since 1.18, here as a plugin that keeps the algorithm and the lines of Kubernetes 1.1. */
import { apiClient } from '../api/client.ts';
import { connection } from '../api/kubeconfig.ts';
import { annotate, annotation, controllers, DESIRED_REPLICAS, ORIGINAL_REPLICAS, type Rc, replicas, SOURCE_ID } from './controllers.ts';
import { rollingUpdateOptions, USAGE, UsageError } from './options.ts';
import { prepare } from './prepare.ts';
import { update } from './update.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const options = rollingUpdateOptions(process.argv.slice(2));
  if (options === undefined) return print(USAGE);
  const api = apiClient(connection(options.connection));
  const rcs = controllers(api);
  /** A controller has no rename: its pods are orphaned, and a copy under the other name adopts them. */
  async function rename(from: Rc, to: string): Promise<void> {
    const copy = structuredClone(from);
    copy.metadata = {
      name: to,
      ...(from.metadata.labels === undefined ? {} : { labels: from.metadata.labels }),
      ...(from.metadata.annotations === undefined ? {} : { annotations: from.metadata.annotations }),
    };
    delete copy.status;
    await rcs.delete(from.metadata.name!);
    await rcs.create(copy);
  }
  try {
    const plan = await prepare(api, rcs, options, print, rename);
    if (plan === undefined) return;
    let { oldRc, newRc } = plan;
    let cleanup: 'Delete' | 'Rename' = plan.keepOldName ? 'Rename' : 'Delete';
    if (options.dryRun) {
      for (const [title, rc] of [
        ['Rolling from:', oldRc],
        ['To:', newRc],
      ] as const)
        print(`${title}\n${options.output === 'json' ? JSON.stringify(rc, null, 2) : rc.metadata.name}`);
      return;
    }
    if (options.rollback) {
      [oldRc, newRc] = [newRc, oldRc];
      const size = annotation(newRc, ORIGINAL_REPLICAS) ?? String(replicas(newRc));
      const source = `${oldRc.metadata.name}:${oldRc.metadata.uid}`;
      print(`Setting ${JSON.stringify(newRc.metadata.name)} replicas to ${size}`);
      newRc = await rcs.change(newRc.metadata.name!, (rc) => {
        annotate(rc, SOURCE_ID, source);
        annotate(rc, DESIRED_REPLICAS, size);
      });
      cleanup = 'Delete';
    }
    await update(api, rcs, { oldRc, newRc, cleanup, updatePeriodMs: options.updatePeriodMs, pollIntervalMs: options.pollIntervalMs, timeoutMs: options.timeoutMs }, print, rename);
    if (options.output === 'name') print(`replicationcontroller/${cleanup === 'Rename' ? oldRc.metadata.name : newRc.metadata.name}`);
    else print(`replicationcontroller ${JSON.stringify(oldRc.metadata.name)} rolling updated${cleanup === 'Rename' ? '' : ` to ${JSON.stringify(newRc.metadata.name)}`}`);
  } finally {
    await api.close();
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n${error instanceof UsageError ? `${USAGE}\n` : ''}`);
  process.exitCode = 1;
}
