/** One queue for all clusters, as one cluster sees it: its name travels in each message and in each group. */
import type { Queue } from '#queue/port.ts';

/** The cluster that a message belongs to; `undefined` for one that is not ours. */
export function clusterOf(body: string): string | undefined {
  try {
    const { cluster } = JSON.parse(body) as { readonly cluster?: unknown };
    return typeof cluster === 'string' ? cluster : undefined;
  } catch {
    return undefined;
  }
}

export function clusterQueue(queue: Queue, cluster: string): Queue {
  return {
    send: (messages) =>
      queue.send(
        messages.map((message) => ({
          ...message,
          body: JSON.stringify({ ...(JSON.parse(message.body) as object), cluster }),
          ...(message.group === undefined ? {} : { group: `${cluster}/${message.group}` }),
          ...(message.dedupe === undefined ? {} : { dedupe: `${cluster}/${message.dedupe}` }),
        })),
      ),
    receive: (options) => queue.receive(options),
    done: (receipts) => queue.done(receipts),
    retry: (receipt, delaySeconds) => queue.retry(receipt, delaySeconds),
    extend: (receipt, visibilitySeconds) => queue.extend(receipt, visibilitySeconds),
    depth: () => queue.depth(),
    close: () => queue.close(),
  };
}
