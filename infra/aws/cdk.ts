/** `npm run deploy` and `npm run destroy`: the CDK's own command on this app, after what commonly goes wrong was looked at. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { repositoryRoot } from '#infra/tools/tools.ts';
import { awsAdvice, awsProblem } from '#machinery/aws-problem.ts';
import { obstacle, stackState } from './stack-status.ts';

const USAGE = `Usage: npm run deploy -- [options]      npm run destroy -- [options]
  -c name=NAME             of the stack (paperplane)
  -c cluster=NAME          the cluster that a URL without a cluster means (default)
  -c nodes=N               Docker hosts now (0); -c maxNodes=N at most, -c instanceType=TYPE
  -c administrators=ARNS   roles and users that may create clusters, divided by commas
  -c removeState=true      the table goes with the stack
  and every option of cdk deploy and cdk destroy`;
/** Milliseconds for the question who we are. */
const LIMIT_MS = 15_000;

class CannotDeploy extends Error {
  readonly code = 'CANNOT_DEPLOY';
}

/** What an operator has to do about an error of the first calls. */
function advice(error: unknown, what: string): string {
  const { name, message } = error as { readonly name?: string; readonly message?: string };
  const problem = awsProblem(error);
  const text = awsAdvice(problem, what) ?? `AWS refused ${what}: ${message ?? name}`;
  return problem === 'denied' || problem === 'quota' ? `${text}: ${message}` : text;
}

const nameOf = (args: readonly string[]): string =>
  args.findLast((arg, at) => arg.startsWith('name=') && (args[at - 1] === '-c' || args[at - 1] === '--context'))?.slice('name='.length) ?? 'paperplane';

async function check(stack: string): Promise<{ readonly account: string; readonly region: string }> {
  const region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  if (region === undefined || region === '') throw new CannotDeploy('no region is set: export AWS_REGION=us-east-1, or another one');
  const sts = new STSClient({ region, maxAttempts: 2 });
  try {
    const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}), { abortSignal: AbortSignal.timeout(LIMIT_MS) });
    process.stderr.write(`paperplane: account ${Account}, region ${region}, as ${Arn}\n`);
    // what is to be removed may be in any state
    if (stack === '') return { account: Account ?? '', region };
    const state = await stackState(stack, region, await sts.config.credentials()).catch((error: unknown) => {
      throw new CannotDeploy(advice(error, `CloudFormation in ${region}`));
    });
    const why = state === undefined ? undefined : obstacle(stack, state);
    if (why !== undefined) throw new CannotDeploy(why);
    return { account: Account ?? '', region };
  } catch (error) {
    throw error instanceof CannotDeploy ? error : new CannotDeploy(advice(error, `STS in ${region}`));
  }
}

/** Runs cdk; answers its exit code. */
export function cdk(args: readonly string[], withApp = true): Promise<number> {
  const bin = join(repositoryRoot, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  // one text for a shell; quotes around the first word are taken off by the CDK
  const app = `${process.execPath.replaceAll(/[^\w./-]/g, '\\$&')} infra/aws/app.ts`;
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [bin, ...args, ...(withApp ? ['--app', app, ...(args.includes('--output') ? [] : ['--output', join(repositoryRoot, '.cache', 'cdk.out')])] : [])],
      {
        cwd: repositoryRoot,
        stdio: 'inherit',
      },
    );
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if ((command !== 'deploy' && command !== 'destroy') || rest.includes('--help')) {
    process.stdout.write(`${USAGE}\n`);
    return rest.includes('--help') ? 0 : 64;
  }
  const { account, region } = await check(command === 'deploy' ? nameOf(rest) : '');
  if (command === 'destroy') return cdk(['destroy', '--all', ...rest]);
  // an account and region that were never deployed to lack the CDK's own stack; it is left alone where it is there
  const bootstrapped = await cdk(['bootstrap', `aws://${account}/${region}`], false);
  if (bootstrapped !== 0) throw new CannotDeploy('the CDK’s own stack could not be made: its output is above (cloudformation, s3, iam and ssm are needed)');
  const code = await cdk(['deploy', '--all', ...rest]);
  if (code !== 0)
    process.stderr.write('paperplane: the deployment stopped half-way; CloudFormation rolls back to what was there before. Mend the cause and run npm run deploy again\n');
  return code;
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`paperplane: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
