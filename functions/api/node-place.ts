/** Where a node's own things are: its partition of the table and its queue. Only the node itself is told, and only a session of the nodes' role is a node. */
import type { ApiResponse } from '#apiserver/door.ts';
import { awsCallers } from '#apiserver/authn/aws/authenticator.ts';
import { nodeOf } from '#apiserver/authz/node.ts';
import { ApiError, unauthorized } from '#machinery/status.ts';
import type { EventRequest } from '../shared/http-event.ts';
import type { Installation } from '../shared/installation.ts';

const PATH = /^\/installation\/clusters\/([^/]+)\/node\/?$/;

export interface NodePlaceOptions {
  readonly installation: Pick<Installation, 'clusters' | 'placeOfNode'>;
  readonly nodeRole: string | undefined;
}

export function nodePlace({ installation, nodeRole }: NodePlaceOptions): (request: EventRequest) => Promise<ApiResponse | undefined> {
  const callers = nodeRole === undefined ? undefined : awsCallers({ nodeRole });
  return async (request) => {
    const cluster = PATH.exec(request.path)?.[1];
    if (cluster === undefined) return undefined;
    const user = await callers?.authenticate({ ...request, signal: AbortSignal.abort() });
    const node = user === undefined ? undefined : nodeOf(user);
    if (node === undefined) throw unauthorized('only a node is told where its things are');
    const record = await installation.clusters.get(cluster);
    const place = record && installation.placeOfNode?.(record, node);
    if (place === undefined) {
      const message = `there is no cluster ${JSON.stringify(cluster)} here`;
      throw new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'NotFound', code: 404 });
    }
    return { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' }, body: JSON.stringify({ node, ...place }) };
  };
}
