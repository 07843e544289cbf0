/** The AWS credentials of who runs the command: environment, profiles, SSO, instance roles, as every AWS tool finds them. */
import { awsAdvice, awsProblem } from '#machinery/aws-problem.ts';
import type { AwsCredentials } from './presign.ts';

export class NoCredentials extends Error {
  readonly code = 'NO_CREDENTIALS';
}

export async function awsCredentials(region: string): Promise<AwsCredentials> {
  // loaded where it is needed: other verbs of the program should not wait for it
  const { STSClient } = await import('@aws-sdk/client-sts');
  try {
    return await new STSClient({ region }).config.credentials();
  } catch (error) {
    const problem = awsProblem(error);
    throw new NoCredentials(`${awsAdvice(problem === 'expired-credentials' ? problem : 'no-credentials', 'AWS')}: ${(error as Error).message}`);
  }
}

export function awsRegion(given: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const region = given ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  if (region === undefined || region === '') throw new NoCredentials('no region is known: give --region, or set AWS_REGION');
  return region;
}
