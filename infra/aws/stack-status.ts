/** In which state a stack is: one question to CloudFormation, signed here, since it needs no client of its own. */
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '#machinery/sha256.ts';

const LIMIT_MS = 15_000;

export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface StackState {
  readonly status: string;
  readonly reason: string;
}

/** Undefined where there is no such stack. @throws Error with CloudFormation's code as its name */
export async function stackState(name: string, region: string, credentials: AwsIdentity, env: NodeJS.ProcessEnv = process.env): Promise<StackState | undefined> {
  const endpoint = new URL(
    env['AWS_ENDPOINT_URL_CLOUDFORMATION'] ?? env['AWS_ENDPOINT_URL'] ?? `https://cloudformation.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`,
  );
  const body = new URLSearchParams({ Action: 'DescribeStacks', Version: '2010-05-15', StackName: name }).toString();
  const signed = await new SignatureV4({ service: 'cloudformation', region, sha256: Sha256, credentials }).sign({
    method: 'POST',
    protocol: endpoint.protocol,
    hostname: endpoint.hostname,
    ...(endpoint.port === '' ? {} : { port: Number(endpoint.port) }),
    path: '/',
    headers: { host: endpoint.host, 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });
  const { host: _, ...headers } = signed.headers;
  const answer = await fetch(endpoint, { method: 'POST', headers, body, signal: AbortSignal.timeout(LIMIT_MS) });
  const text = await answer.text();
  const element = (tag: string): string | undefined => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(text)?.[1];
  if (answer.ok) {
    const status = element('StackStatus');
    return status === undefined || status === 'DELETE_COMPLETE' ? undefined : { status, reason: element('StackStatusReason') ?? '' };
  }
  if (/does not exist/.test(element('Message') ?? text)) return undefined;
  throw Object.assign(new Error(element('Message') ?? `CloudFormation answered ${answer.status}`), { name: element('Code') ?? 'CloudFormationError' });
}

/** Why a deployment cannot begin, and what to do; undefined where it can. A first deployment that was rolled back is made anew by the CDK itself. */
export function obstacle(name: string, { status, reason }: StackState): string | undefined {
  const why = reason === '' ? '' : ` (${reason})`;
  if (status.endsWith('_IN_PROGRESS')) return `the stack ${name} is being changed by somebody else (${status}): wait until that is over, and run this again`;
  switch (status) {
    case 'UPDATE_ROLLBACK_FAILED':
      return `the stack ${name} is half-way: an update failed and could not be taken back${why}. Mend the cause, run aws cloudformation continue-update-rollback --stack-name ${name}, and this again`;
    case 'ROLLBACK_FAILED':
    case 'DELETE_FAILED':
      return `the stack ${name} is half-way: ${status}${why}. Run npm run destroy, and this again; a table that was kept is taken on`;
    default:
      return undefined;
  }
}
