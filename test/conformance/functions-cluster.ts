/** A throwaway cluster with no servers and no nodes: the deployed functions in the local gateway, their table in DynamoDB Local. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot, run, type Ran } from '#infra/tools/tools.ts';
import { dynamodbLocal } from '#test/helpers/dynamodb-local.ts';

const START_LIMIT_MS = 600_000;

interface FunctionsCluster {
  readonly kubeconfig: string;
  start(): Promise<Ran>;
  stop(): Promise<Ran>;
}

export async function functionsCluster(): Promise<FunctionsCluster> {
  const name = `f${process.pid % 10_000}`;
  const dataDir = mkdtempSync(join(tmpdir(), `paperplane-${name}-`));
  const kubeconfig = join(dataDir, 'kubeconfig');
  const env = { AWS_ENDPOINT_URL_DYNAMODB: await dynamodbLocal() };
  const program = (...args: readonly string[]): Promise<Ran> =>
    run(process.execPath, [join(repositoryRoot, 'infra', 'localstack', 'start.ts'), '--name', name, '--data-dir', dataDir, ...args], { limitMs: START_LIMIT_MS, env });
  return {
    kubeconfig,
    start: async () => program('--detach', '--nodes', '0', '--kubeconfig', kubeconfig),
    async stop() {
      const ran = await program('--stop');
      rmSync(dataDir, { recursive: true, force: true });
      return ran;
    },
  };
}
