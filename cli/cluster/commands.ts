/** `paperplane create|list|delete cluster`: clusters of an installation in AWS. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { awsCredentials, awsRegion } from '../token/credentials.ts';
import { awsKubeconfig } from './kubeconfig.ts';
import { installationClient, type InstallationAddress, type InstallationClient } from './installation.ts';

interface Choice {
  readonly api?: string;
  readonly installation: string;
  readonly region?: string;
}

class NoAddress extends Error {
  readonly code = 'NO_ADDRESS';
}

const withChoice = (command: Command): Command =>
  command
    .addOption(new Option('--api <url>', 'the stack’s output ApiUrl').env('PAPERPLANE_API'))
    .addOption(new Option('--installation <name>', 'the stack’s name').default('paperplane').env('PAPERPLANE_INSTALLATION'))
    .option('--region <region>', 'of the stack (default: AWS_REGION)');

function addressOf({ api, installation, region }: Choice): InstallationAddress {
  if (api === undefined) throw new NoAddress('which installation? Give --api, the ApiUrl that npm run deploy prints, or set PAPERPLANE_API');
  return { api, name: installation, region: awsRegion(region) };
}

function clientOf(choice: Choice): InstallationClient & { readonly address: InstallationAddress } {
  const address = addressOf(choice);
  return { ...installationClient(address, () => awsCredentials(address.region)), address };
}

const out = (text: string): void => void process.stdout.write(text);

export function clusterCommands(): readonly Command[] {
  const create = new Command('create').description('make a cluster in an installation in AWS: one item, no resources').addCommand(
    withChoice(new Command('cluster'))
      .argument('<name>', 'up to 30 lower case letters, digits and hyphens')
      .option('--kubeconfig <file>', 'write a kubeconfig that logs in by AWS identity')
      .addOption(new Option('--login <program>', 'what makes the tokens').choices(['paperplane', 'aws']).default('paperplane'))
      .option('--ca <file>', 'who signed the certificate of the API, where that is no public authority')
      .action(async (name: string, { kubeconfig, login, ca, ...choice }: Choice & { readonly kubeconfig?: string; readonly login: 'paperplane' | 'aws'; readonly ca?: string }) => {
        const client = clientOf(choice);
        const { name: made } = await client.create(name);
        const { api, region } = client.address;
        out(`cluster ${made} created: ${api.replace(/\/+$/, '')}/clusters/${made}\n`);
        if (kubeconfig === undefined) return;
        const place = (path: string): string => resolve(process.env['INIT_CWD'] ?? '.', path);
        const program = [process.execPath, join(import.meta.dirname, '..', 'main.ts')] as const;
        const text = awsKubeconfig({ api, cluster: made, region, login, program, ...(ca === undefined ? {} : { ca: readFileSync(place(ca), 'utf8') }) });
        writeFileSync(place(kubeconfig), text, { mode: 0o600 });
      }),
  );
  const list = new Command('list').description('list the clusters of an installation in AWS').addCommand(
    withChoice(new Command('clusters').alias('cluster')).action(async (choice: Choice) => {
      for (const { name, createdAt } of await clientOf(choice).list()) out(`${name.padEnd(32)}${createdAt}\n`);
    }),
  );
  const remove = new Command('delete').description('delete a cluster of an installation in AWS').addCommand(
    withChoice(new Command('cluster'))
      .argument('<name>')
      .action(async (name: string, choice: Choice) => {
        await clientOf(choice).delete(name);
        out(`cluster ${name} deleted\n`);
      }),
  );
  return [create, list, remove];
}
