/** Calls of EC2 and Elastic Load Balancing: deadlines, and errors as a user may read them. */
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { LoadBalancerProblem } from '../../load-balancers/port.ts';

/** For one request; the SDK tries three times. Milliseconds. */
const REQUEST_MS = 5_000;

export interface Clients {
  readonly ec2: EC2Client;
  readonly elb: ElasticLoadBalancingV2Client;
}

export function openClients(region?: string): Clients {
  const common = { ...(region === undefined ? {} : { region }), maxAttempts: 3, requestHandler: { requestTimeout: REQUEST_MS, connectionTimeout: 2_000 } };
  return { ec2: new EC2Client(common), elb: new ElasticLoadBalancingV2Client(common) };
}

/** What a user has to do about it, where that is known. */
const ADVICE: Readonly<Record<string, string>> = {
  TooManyLoadBalancersException: 'the account’s quota of load balancers is used up',
  TooManyLoadBalancers: 'the account’s quota of load balancers is used up',
  TooManyTargetGroupsException: 'the account’s quota of target groups is used up',
  TooManyTargetsException: 'a target group cannot take so many nodes',
  SubnetNotFound: 'a subnet that is named does not exist',
  SubnetNotFoundException: 'a subnet that is named does not exist',
  InvalidSubnet: 'a subnet cannot be used',
  InvalidSubnetException: 'a subnet cannot be used',
  CertificateNotFound: 'the certificate does not exist in this region',
  CertificateNotFoundException: 'the certificate does not exist in this region',
  AccessDenied: 'the reconciler’s role may not do this (is the stack older than the code?)',
  AccessDeniedException: 'the reconciler’s role may not do this (is the stack older than the code?)',
  UnauthorizedOperation: 'the reconciler’s role may not do this (is the stack older than the code?)',
  CredentialsProviderError: 'no AWS credentials were found',
  DependencyViolation: 'its security group is still in use; it is tried again',
  ResourceInUse: 'a target group is still in use; it is tried again',
  ResourceInUseException: 'a target group is still in use; it is tried again',
};

export const nameOf = (error: unknown): string => (error as { readonly name?: string; readonly Code?: string }).name ?? '';

export async function asProblem<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LoadBalancerProblem) throw error;
    const { message } = error as { readonly message?: string };
    const advice = ADVICE[nameOf(error)];
    throw new LoadBalancerProblem(advice === undefined ? `${nameOf(error)}: ${message}` : `${advice} (${nameOf(error)}: ${message})`, { cause: error });
  }
}

/** `undefined` where AWS says that there is no such thing. */
export async function orNone<T>(work: Promise<T>, ...names: readonly string[]): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (names.includes(nameOf(error))) return undefined;
    throw error;
  }
}
