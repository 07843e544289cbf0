/**
 * The clusters of an installation, over HTTP: `GET|POST /installation/clusters`, `GET|DELETE /installation/clusters/NAME`. Who may is said by AWS identity: a token made
 * for the installation itself, of one of its administrators.
 */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { ApiResponse } from '#apiserver/door.ts';
import { bearerToken } from '#apiserver/authn/bearer.ts';
import { canonicalArn, withoutPath } from '#apiserver/authn/aws/mapping.ts';
import type { CallerIdentity } from '#apiserver/authn/aws/sts.ts';
import { TOKEN_PREFIX } from '#apiserver/authn/aws/token.ts';
import { ClusterExists, type ClusterRecord, type Clusters } from '#cloud/clusters/port.ts';
import { message } from '#control/work.ts';
import type { Clock, Ids } from '#machinery/clock.ts';
import { ApiError, badRequest, unauthorized } from '#machinery/status.ts';
import type { Queue } from '#queue/port.ts';
import { CLUSTER_NAME } from '../shared/clusters.ts';
import { clusterQueue } from '../shared/cluster-queue.ts';
import { CLUSTER_BOOTSTRAP } from '../shared/controllers.ts';
import { askSweep } from '../shared/sweep.ts';
import type { EventRequest } from '../shared/http-event.ts';

const PATH = /^\/installation\/clusters(?:\/([^/]+))?\/?$/;
const KEY_BITS = 2048;
const SERVICE_CIDR = '10.96.0.0/16';
const POD_CIDR = '10.244.0.0/16';
const generate = promisify(generateKeyPair);

export interface InstallationOptions {
  readonly clusters: Clusters;
  /** Where a new cluster's first work goes. */
  readonly reconcile: Queue;
  readonly identify: (token: string) => Promise<CallerIdentity>;
  readonly administrators: readonly string[];
  readonly clock: Clock;
  readonly ids: Ids;
}

/** The name that tokens for the installation are made for: no cluster has a slash in its name. */
export const installationName = (name: string): string => `/${name}`;

const failure = (code: number, reason: string, text: string): ApiError =>
  new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: text, reason, code });
const json = (status: number, body: unknown): ApiResponse => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' },
  body: JSON.stringify(body),
});
/** What may be shown: never the key. */
const shown = ({ name, createdAt, serviceCIDR, podCIDR, access }: ClusterRecord): object => ({ name, createdAt: new Date(createdAt).toISOString(), serviceCIDR, podCIDR, access });

export async function newCluster(
  name: string,
  caller: CallerIdentity,
  { clock, ids }: { readonly clock: Clock; readonly ids: Ids },
  ranges: { readonly serviceCIDR?: string; readonly podCIDR?: string } = {},
): Promise<ClusterRecord> {
  const { privateKey } = await generate('rsa', {
    modulusLength: KEY_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const arn = canonicalArn(caller.arn);
  return {
    name,
    id: `${name}.${ids.suffix(8)}`,
    createdAt: clock.now(),
    serviceAccountKey: privateKey,
    serviceCIDR: ranges.serviceCIDR ?? SERVICE_CIDR,
    podCIDR: ranges.podCIDR ?? POD_CIDR,
    // who makes a cluster is its first administrator
    access: [{ arn, username: arn, groups: ['system:masters'] }],
  };
}

const CIDR = /^(?:\d{1,3}\.){3}\d{1,3}\/(?:[89]|[12]\d)$/;

function asked(body: Uint8Array | undefined): { readonly name: string; readonly serviceCIDR?: string; readonly podCIDR?: string } {
  let parsed: Readonly<Record<string, unknown>>;
  try {
    parsed = JSON.parse(Buffer.from(body ?? '').toString()) as Readonly<Record<string, unknown>>;
  } catch {
    throw badRequest('the body is no JSON');
  }
  const { name, ...ranges } = parsed;
  if (typeof name !== 'string' || !CLUSTER_NAME.test(name)) throw badRequest('the name of a cluster has up to 30 lower case letters, digits and hyphens');
  for (const [field, value] of Object.entries(ranges)) {
    if ((field !== 'serviceCIDR' && field !== 'podCIDR') || typeof value !== 'string' || !CIDR.test(value))
      throw badRequest(`${field} is not known, or not a range such as 10.96.0.0/16`);
  }
  return parsed as { readonly name: string };
}

export function createInstallation(options: InstallationOptions): (request: EventRequest) => Promise<ApiResponse | undefined> {
  const { clusters, reconcile, identify, administrators } = options;
  const known = new Set(administrators.map((arn) => withoutPath(arn).toLowerCase()));

  async function caller(request: EventRequest): Promise<CallerIdentity> {
    const token = bearerToken({ ...request, signal: AbortSignal.abort() });
    if (token === undefined || !token.startsWith(TOKEN_PREFIX)) throw unauthorized('a token of paperplane token --installation is needed');
    const identity = await identify(token);
    if (!known.has(canonicalArn(identity.arn).toLowerCase())) throw failure(403, 'Forbidden', `${canonicalArn(identity.arn)} is no administrator of this installation`);
    return identity;
  }

  /** Its first objects; the API answers at once, and shows them as they come. Done twice, it changes nothing. */
  const begin = (name: string): Promise<void> => clusterQueue(reconcile, name).send([message(CLUSTER_BOOTSTRAP)]);

  async function create(request: EventRequest, by: CallerIdentity): Promise<ApiResponse> {
    const { name, ...ranges } = asked(request.body);
    const record = await newCluster(name, by, options, ranges);
    try {
      await clusters.create(record);
    } catch (error) {
      if (!(error instanceof ClusterExists)) throw error;
      // whoever made it may have been gone before its first work was in the queue
      await begin(name);
      throw failure(409, 'AlreadyExists', error.message);
    }
    await begin(name);
    return json(201, shown(record));
  }

  return async (request) => {
    const match = PATH.exec(request.path);
    if (match === null) return undefined;
    const by = await caller(request);
    const name = match[1];
    switch (request.method) {
      case 'POST':
        if (name !== undefined) break;
        return create(request, by);
      case 'GET': {
        if (name === undefined) return json(200, { clusters: (await clusters.list()).map(shown) });
        const record = await clusters.get(name);
        if (record === undefined) throw failure(404, 'NotFound', `there is no cluster ${JSON.stringify(name)}`);
        return json(200, shown(record));
      }
      case 'DELETE': {
        if (name === undefined) break;
        const record = await clusters.get(name);
        if (record === undefined || !(await clusters.remove(name))) throw failure(404, 'NotFound', `there is no cluster ${JSON.stringify(name)}`);
        // the timer asks for it too, should this fail
        await askSweep(reconcile, record.id);
        return json(200, { deleted: name });
      }
      default:
    }
    throw failure(405, 'MethodNotAllowed', `${request.method} is not possible here`);
  };
}
