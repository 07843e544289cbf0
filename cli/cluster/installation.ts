/** The clusters of an installation in AWS, asked of its API by AWS identity. */
import { ApiError, type Status } from '#machinery/status.ts';
import { request } from 'undici';
import { type AwsCredentials, presignToken } from '../token/presign.ts';

const LIMIT_MS = 30_000;

export interface InstallationAddress {
  /** Of the API, with its stage: the stack's output ApiUrl. */
  readonly api: string;
  /** The stack's name. */
  readonly name: string;
  readonly region: string;
}

export interface ClusterInfo {
  readonly name: string;
  readonly createdAt: string;
  readonly serviceCIDR: string;
  readonly podCIDR: string;
}

export interface InstallationClient {
  create(name: string): Promise<ClusterInfo>;
  list(): Promise<readonly ClusterInfo[]>;
  delete(name: string): Promise<void>;
}

/** @throws Error that says which door it was, where nobody answers there */
async function ask(...[url, options]: Parameters<typeof request>): ReturnType<typeof request> {
  try {
    return await request(url, options);
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    throw new Error(`${String(url)} does not answer: are the address and the region right, and the network? (${code ?? message})`, { cause: error });
  }
}

export function installationClient({ api, name, region }: InstallationAddress, credentials: () => Promise<AwsCredentials>): InstallationClient {
  const base = api.replace(/\/+$/, '');
  async function call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
    // tokens for the installation itself are made for a name that no cluster can have
    const token = await presignToken({ credentials: await credentials(), region, cluster: `/${name}`, now: new Date() });
    const answer = await ask(`${base}/installation/clusters${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'paperplane', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const text = await answer.body.text();
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      parsed = undefined;
    }
    if (answer.statusCode < 300 && parsed !== undefined) return parsed as T;
    const status = parsed as Status | undefined;
    // the function's own identity is refused where the token's is: said by who may mend it
    if (answer.statusCode === 401) throw new Error(`AWS does not know who you are, or ${region} is not the region of your credentials: log in again, or give --region`);
    throw status?.kind === 'Status' ? new ApiError(status) : new Error(`${base} answered ${answer.statusCode}: is it the stack's ApiUrl? ${text.slice(0, 200)}`);
  }
  return {
    create: (cluster) => call<ClusterInfo>('POST', '', { name: cluster }),
    list: async () => (await call<{ readonly clusters: readonly ClusterInfo[] }>('GET', '')).clusters,
    delete: async (cluster) => void (await call('DELETE', `/${encodeURIComponent(cluster)}`)),
  };
}
