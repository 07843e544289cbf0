/** `paperplane token --cluster-name NAME`: what `aws eks get-token` prints, without the AWS command line. */
import { awsCredentials, awsRegion } from './credentials.ts';
import { execCredential, presignToken } from './presign.ts';

/** The ExecCredential that kubectl's exec plugins answer with, as one line of JSON. */
export async function awsToken(cluster: string, region: string | undefined, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const where = awsRegion(region, env);
  const now = new Date();
  const token = await presignToken({ credentials: await awsCredentials(where), region: where, cluster, now });
  return `${JSON.stringify(execCredential(token, now, env['KUBERNETES_EXEC_INFO']))}\n`;
}
