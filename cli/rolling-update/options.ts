/** The flags of `kubectl rolling-update` as Kubernetes 1.1 had them, with kubectl's own connection flags. */
import { parseArgs } from 'node:util';
import type { ConnectionOptions } from '../api/kubeconfig.ts';
import { duration } from './duration.ts';

export class UsageError extends Error {
  readonly code = 'USAGE';
}

export interface RollingUpdateOptions {
  readonly connection: ConnectionOptions;
  readonly oldName: string;
  /** The second argument. */
  readonly newName: string | undefined;
  readonly filename: string | undefined;
  readonly image: string | undefined;
  readonly updatePeriodMs: number;
  readonly pollIntervalMs: number;
  readonly timeoutMs: number;
  readonly deploymentLabelKey: string;
  readonly dryRun: boolean;
  readonly rollback: boolean;
  readonly output: string;
}

export const USAGE = `Usage: kubectl rolling-update OLD_CONTROLLER_NAME ([NEW_CONTROLLER_NAME] --image=NEW_CONTAINER_IMAGE | -f NEW_CONTROLLER_SPEC)
  --update-period 1m0s            time to wait between updating pods
  --poll-interval 3s              time between looks at the replication controllers
  --timeout 5m0s                  how long to wait for progress before giving up
  -f, --filename FILE             the new replication controller
  --image IMAGE                   the new image; one container only
  --deployment-label-key KEY      the label that tells old from new (deployment)
  --dry-run, --rollback, -o name
  -n, --namespace NAME and kubectl's --kubeconfig, --context, --cluster, --user, --server, --token, after the command's name`;

export function rollingUpdateOptions(args: readonly string[]): RollingUpdateOptions | undefined {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'update-period': { type: 'string', default: '1m0s' },
        'poll-interval': { type: 'string', default: '3s' },
        timeout: { type: 'string', default: '5m0s' },
        filename: { type: 'string', short: 'f', multiple: true, default: [] },
        image: { type: 'string', default: '' },
        'deployment-label-key': { type: 'string', default: 'deployment' },
        'dry-run': { type: 'boolean', default: false },
        rollback: { type: 'boolean', default: false },
        output: { type: 'string', short: 'o', default: '' },
        validate: { type: 'boolean', default: true },
        help: { type: 'boolean', short: 'h', default: false },
        namespace: { type: 'string', short: 'n' },
        kubeconfig: { type: 'string' },
        context: { type: 'string' },
        cluster: { type: 'string' },
        user: { type: 'string' },
        server: { type: 'string', short: 's' },
        token: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help) return undefined;
  if (values['deployment-label-key'] === '') throw new UsageError('--deployment-label-key can not be empty');
  if (values.filename.length > 1) throw new UsageError('May only specify a single filename for new controller');
  if (!values.rollback) {
    if (values.filename.length === 0 && values.image === '') throw new UsageError('Must specify --filename or --image for new controller');
    if (values.filename.length > 0 && values.image !== '') throw new UsageError('--filename and --image can not both be specified');
  } else if (values.filename.length > 0 || values.image !== '') throw new UsageError("Don't specify --filename or --image on rollback");
  if (positionals.length < 1) throw new UsageError('Must specify the controller to update');
  const { namespace, kubeconfig, context, cluster, user, server, token } = values;
  return {
    connection: Object.fromEntries(
      Object.entries({ namespace, kubeconfig, context, cluster, user, server, token }).filter(([, value]) => value !== undefined),
    ) as ConnectionOptions,
    oldName: positionals[0]!,
    newName: positionals[1],
    filename: values.filename[0],
    image: values.image === '' ? undefined : values.image,
    updatePeriodMs: duration(values['update-period'], '--update-period'),
    pollIntervalMs: duration(values['poll-interval'], '--poll-interval'),
    timeoutMs: duration(values.timeout, '--timeout'),
    deploymentLabelKey: values['deployment-label-key'],
    dryRun: values['dry-run'],
    rollback: values.rollback,
    output: values.output,
  };
}
