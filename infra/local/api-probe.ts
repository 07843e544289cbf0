/** Asks the cluster's own API while it comes up: plain HTTPS with the administrator's certificate. */
import type { Node } from '#kinds/generated/types.ts';
import { Agent, request } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';

const CALL_LIMIT_MS = 5_000;
const POLL_MS = 25;

export interface ApiProbe {
  /** Resolves once /readyz says ok; rejects after the limit with the last answer. `broken` ends the wait early with a reason. */
  ready(limitMs: number, broken: () => string | undefined): Promise<void>;
  /** Resolves with the nodes once all that are named are Ready. */
  nodesReady(names: readonly string[], limitMs: number, seen: (ready: number) => void, broken: () => string | undefined): Promise<readonly Node[]>;
  deleteNode(name: string): Promise<void>;
  close(): void;
}

export class NotReady extends Error {
  readonly code = 'NOT_READY';
}

export const isReady = (node: Node): boolean => node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

export function apiProbe(port: number, tls: { readonly ca: string; readonly cert: string; readonly key: string }): ApiProbe {
  const agent = new Agent({ keepAlive: true, ...tls });
  const call = (method: string, path: string): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method, path, agent, timeout: CALL_LIMIT_MS, headers: { accept: 'application/json' } }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
        response.on('error', reject);
      });
      sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
      sent.on('error', reject);
      sent.end();
    });

  async function until<T>(limitMs: number, look: () => Promise<T | string>, broken: () => string | undefined): Promise<T> {
    for (const end = Date.now() + limitMs; ;) {
      let last: T | string;
      try {
        last = await look();
      } catch (error) {
        last = (error as Error).message;
      }
      if (typeof last !== 'string') return last;
      const reason = broken();
      if (reason !== undefined) throw new NotReady(reason);
      if (Date.now() > end) throw new NotReady(last);
      await wait(POLL_MS);
    }
  }

  return {
    async ready(limitMs, broken) {
      await until(
        limitMs,
        async () => {
          const { status, body } = await call('GET', '/readyz');
          return status === 200 ? true : `/readyz answers ${status}: ${body.slice(0, 200)}`;
        },
        broken,
      );
    },
    nodesReady: (names, limitMs, seen, broken) =>
      until(
        limitMs,
        async () => {
          const { status, body } = await call('GET', '/api/v1/nodes?resourceVersion=0');
          if (status !== 200) return `the list of nodes answers ${status}`;
          const nodes = (JSON.parse(body) as { items: Node[] }).items;
          const ready = nodes.filter((node) => names.includes(node.metadata.name!) && isReady(node));
          seen(ready.length);
          return ready.length === names.length
            ? nodes
            : `not Ready: ${names
                .filter((name) => !ready.some((node) => node.metadata.name === name))
                .slice(0, 5)
                .join(', ')}`;
        },
        broken,
      ),
    async deleteNode(name) {
      await call('DELETE', `/api/v1/nodes/${encodeURIComponent(name)}`);
    },
    close: () => agent.destroy(),
  };
}
