/**
 * The behaviours of the distribution in front of an installation: which requests go to a gateway node, because a function cannot have them. Connections that are
 * taken over (exec, attach, port-forward, proxied upgrades), and logs that are followed, which may last longer than a function.
 */
import type { IncomingMessage } from 'node:http';

const LOG = /^(?:\/clusters\/[^/]+)?\/api\/v1\/namespaces\/[^/]+\/pods\/[^/]+\/log\/?$/;
const FOLLOWS = /(?:^|&)follow=(?:true|1|t|T|TRUE|True)(?:&|$)/;

export function goesToGatewayNode({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
  if (headers.upgrade !== undefined) return true;
  const mark = url.indexOf('?');
  return mark >= 0 && LOG.test(url.slice(0, mark)) && FOLLOWS.test(url.slice(mark + 1));
}
