/** Where this node's own things are: asked of the door, which knows them by who asks, and kept for a start without it. */
import { readFile, writeFile } from 'node:fs/promises';
import type { Clock, Random } from '#machinery/clock.ts';
import { messageOf } from '../../pods/failure.ts';
import type { ApiClient } from '../client.ts';
import { pause } from '../pause.ts';
import type { Place } from './heartbeat.ts';

export interface NodePlace extends Place {
  /** Who the door takes this agent for. */
  readonly node: string;
  /** Name of the queue that rings. */
  readonly queue: string;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

function parsed(text: string): NodePlace | undefined {
  try {
    const { node, table, partition, queue } = JSON.parse(text) as Partial<Readonly<Record<string, unknown>>>;
    return [node, table, partition, queue].every((one) => typeof one === 'string') ? ({ node, table, partition, queue } as NodePlace) : undefined;
  } catch {
    return undefined;
  }
}

export interface PlaceOptions {
  readonly client: ApiClient;
  readonly clusterName: string;
  readonly file: string;
  readonly clock: Clock;
  readonly random: Random;
  warn(message: string): void;
}

/** Until the door answers, unless it did in an earlier life. Never rejects; stays open when aborted. */
export async function findPlace({ client, clusterName, file, clock, random, warn }: PlaceOptions, signal: AbortSignal): Promise<NodePlace> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      const answer = await client.call<NodePlace>({ method: 'GET', path: `/installation/clusters/${encodeURIComponent(clusterName)}/node`, retries: 0, signal });
      const found = parsed(JSON.stringify(answer));
      if (found === undefined) throw new Error('the door does not say where the things of this node are');
      await writeFile(file, JSON.stringify(found), { mode: 0o600 }).catch((error: unknown) => warn(`writing ${file}: ${messageOf(error)}`));
      return found;
    } catch (error) {
      if (failures === 0) {
        const known = parsed(await readFile(file, 'utf8').catch(() => ''));
        if (known !== undefined) return known;
      }
      if (!signal.aborted) warn(`asking for this node's place: ${messageOf(error)}`);
      await pause(clock, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.5 + random() / 2), signal);
    }
  }
  return new Promise(() => undefined);
}
