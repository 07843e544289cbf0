/** `npm run paperplane -- VERB`: looks after clusters on this machine. What runs in them is kubectl's. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { adminClient, choiceArguments, type ClusterChoice, localCluster, repositoryRoot } from './local/cluster.ts';
import { kubeconfigOf } from './local/kubeconfig.ts';
import { printLog, programNamed } from './local/logs.ts';
import { statusOf, statusText } from './local/status.ts';
import { bearerToken } from './local/token.ts';
import { ownVersion, serverVersion } from './local/version.ts';
import { clusterCommands } from './cluster/commands.ts';
import { awsToken } from './token/command.ts';

const out = (text: string): void => void process.stdout.write(text);

function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('it takes a whole number.');
  return Number(text);
}

/** A verb on one of this machine's clusters. */
const onCluster = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .option('--name <name>', 'the cluster (default: paperplane)')
    .option('--data-dir <dir>', 'where its state lives, if it was started with one');

/** Paths are meant from where the user stands: npm runs its scripts in the repository. */
const place = (path: string): string => resolve(process.env['INIT_CWD'] ?? '.', path);

const program = new Command('paperplane')
  .description('Looks after Paperplane clusters on this machine. Start one with: npm start')
  .showHelpAfterError('(paperplane help VERB tells what it takes)')
  .configureHelp({ showGlobalOptions: false });

program.addCommand(
  onCluster('status', 'whether its programs run, its API answers and its nodes are Ready; exit status 0 when all is well')
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async ({ output, ...choice }: ClusterChoice & { readonly output: string }) => {
      const status = await statusOf(await localCluster(choice));
      out(output === 'json' ? `${JSON.stringify(status, null, 2)}\n` : statusText(status));
      process.exitCode = status.healthy ? 0 : 1;
    }),
);

program.addCommand(
  onCluster('kubeconfig', 'print a kubeconfig with the administrator of the cluster')
    .option('-o, --output <file>', 'write it into a file that only you can read')
    .action(async ({ output, ...choice }: ClusterChoice & { readonly output?: string }) => {
      const text = kubeconfigOf(await localCluster(choice));
      if (output === undefined) out(text);
      else writeFileSync(place(output), text, { mode: 0o600 });
    }),
);

program.addCommand(
  onCluster('logs', 'print the log of a program of the cluster')
    .argument('[program]', 'control-plane, or the node whose agent is meant', 'control-plane')
    .option('-f, --follow', 'go on as it grows', false)
    .option('--tail <lines>', 'only the last lines', whole)
    .action(async (name: string, { follow, tail, ...choice }: ClusterChoice & { readonly follow: boolean; readonly tail?: number }) => {
      const { logFile } = programNamed(await localCluster(choice), name);
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      await printLog(logFile, { follow, signal: stop.signal, ...(tail === undefined ? {} : { tail }) }, (bytes) => void process.stdout.write(bytes));
    }),
);

program.addCommand(
  onCluster('token', 'print a bearer token: of an account with every right, or of the one that is named')
    .argument('[account]', 'a service account: NAME of the namespace default, or NAMESPACE/NAME')
    .option('--duration <time>', 'how long it is good for, ten minutes at least', '1h')
    .option('--cluster-name <name>', 'a token by AWS identity for this cluster of an installation in AWS, as kubectl takes it from aws eks get-token')
    .option('--region <region>', 'with --cluster-name: whose STS is asked (default: AWS_REGION)')
    .action(
      async (
        account: string | undefined,
        { duration, clusterName, region, ...choice }: ClusterChoice & { readonly duration: string; readonly clusterName?: string; readonly region?: string },
      ) => {
        if (clusterName !== undefined) {
          out(await awsToken(clusterName, region));
          return;
        }
        const api = adminClient(await localCluster(choice));
        try {
          out(`${await bearerToken(api, account, duration)}\n`);
        } finally {
          await api.close();
        }
      },
    ),
);

program.addCommand(
  onCluster('stop', 'end the cluster: its programs, containers, networks and firewall rules')
    .option('--purge', 'remove its state too', false)
    .action(async ({ purge, ...choice }: ClusterChoice & { readonly purge: boolean }) => {
      const child = spawn(process.execPath, [join(repositoryRoot, 'infra', 'local', 'stop.ts'), ...choiceArguments(choice), ...(purge ? ['--purge'] : [])], { stdio: 'inherit' });
      process.exitCode = await new Promise<number>((done, fail) => child.once('error', fail).once('exit', (code) => done(code ?? 1)));
    }),
);

program.addCommand(
  onCluster('version', 'print the version of this program and of the cluster').action(async (choice: ClusterChoice) => {
    out(`paperplane ${ownVersion()} (Node.js ${process.versions.node})\n`);
    const server = await serverVersion(choice);
    out('version' in server ? `cluster    Kubernetes ${server.version}\n` : `cluster    unknown: ${server.reason}\n`);
  }),
);

for (const command of clusterCommands()) program.addCommand(command);

// a reader that has seen enough (`| head`) is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`paperplane: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
