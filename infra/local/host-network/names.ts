/** What the host's network calls the parts of a cluster. The kernel allows 15 characters for an interface. */
import { createHash } from 'node:crypto';

const INTERFACE_MAX = 15;
const BRIDGE = 'pp-';

const digest = (text: string, length: number): string => createHash('sha256').update(text).digest('hex').slice(0, length);

/** `pp-<cluster>`, a long name cut and told apart by a hash. */
export function bridgeName(cluster: string): string {
  const whole = `${BRIDGE}${cluster}`;
  return whole.length <= INTERFACE_MAX ? whole : `${whole.slice(0, INTERFACE_MAX - 6)}-${digest(cluster, 5)}`;
}

/** The host's end of a node's cable. */
export const nodePortName = (cluster: string, node: string): string => `ppn${digest(`${cluster}/${node}`, 12)}`;

export const tableName = (cluster: string): string => `paperplane-${cluster}`;

export const ruleComment = (cluster: string): string => `paperplane ${cluster}`;
