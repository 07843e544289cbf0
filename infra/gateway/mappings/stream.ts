/**
 * An event source mapping of a table's stream: shards in order, filters, batches, partial failures from the first failed record on, a bounded
 * number of tries, and a place for what was given up. Positions are kept in memory: a gateway that starts anew begins where it is told.
 */
import {
  type _Record,
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  type Shard,
  type ShardIteratorType,
} from '@aws-sdk/client-dynamodb-streams';
import type { Random } from '#machinery/clock.ts';
import type { Lambda } from '../lambda/service.ts';
import { KIND, type Nastiness } from '../lambda/spec.ts';
import { runBatch } from './batch.ts';
import { passes } from './filter.ts';
import type { Mapping } from './queue.ts';

/** Lambda looks at each shard four times a second. */
const POLL_MS = 250;
/** Shards are looked for this often: new ones come when old ones are full, every few hours. */
const SHARDS_MS = 5_000;
/** Between tries of a batch that failed: doubled each time up to the limit. */
const RETRY = { firstMs: 100, maxMs: 10_000 };

export interface StreamMappingOptions {
  readonly lambda: Lambda;
  readonly functionName: string;
  readonly streams: DynamoDBStreamsClient;
  readonly table: string;
  readonly region: string;
  readonly batchSize: number;
  readonly filters: readonly string[];
  readonly startAt: 'TRIM_HORIZON' | 'LATEST';
  /** After the first; what fails more often goes to `dead`. */
  readonly retries: number;
  readonly dead?: (records: readonly object[], error: string) => void;
  readonly random: Random;
  readonly nastiness?: Nastiness;
  readonly log?: (message: string) => void;
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });

/** Binary values travel as base64 in events. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Date) return Math.floor(value.getTime() / 1000);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  return value;
}

interface EventRecord {
  readonly id: string;
  readonly event: object;
}

export function mapStream(options: StreamMappingOptions): Mapping {
  const { lambda, functionName, streams, table, region, batchSize, filters, startAt, retries, random, nastiness = KIND, log = () => undefined } = options;
  const end = new AbortController();
  const { signal } = end;
  const shards = new Map<string, Promise<void>>();
  let first = true;

  const toEvent = (record: _Record, arn: string): EventRecord => ({
    id: record.dynamodb?.SequenceNumber ?? '',
    event: { ...(plain(record) as object), eventSource: 'aws:dynamodb', eventVersion: '1.1', eventSourceARN: arn, awsRegion: region },
  });

  /** Until every record is done or given up. */
  async function deliver(all: readonly EventRecord[]): Promise<void> {
    let left = all;
    for (let attempt = 0; left.length > 0 && !signal.aborted; attempt++) {
      const ids = left.map(({ id }) => id);
      const outcome = await runBatch(lambda, functionName, { Records: left.map(({ event }) => event) }, ids);
      const { failed } = outcome;
      // the stream is gone on with from the first failed record: what follows it is delivered again
      const from = failed === 'all' ? 0 : left.findIndex(({ id }) => failed.has(id));
      if (from < 0) {
        if (random() < nastiness.duplicate) await runBatch(lambda, functionName, { Records: left.map(({ event }) => event) }, ids);
        return;
      }
      if (from > 0) attempt = 0;
      left = left.slice(from);
      const error = outcome.error ?? `the function gave back ${left[0]!.id}`;
      log(`${functionName}: ${error}`);
      if (attempt >= retries) {
        options.dead?.(
          left.map(({ event }) => event),
          error,
        );
        return;
      }
      await pause(Math.min(RETRY.maxMs, RETRY.firstMs * 2 ** attempt), signal);
    }
  }

  async function follow(arn: string, shard: Shard, type: ShardIteratorType, parent: Promise<void> | undefined): Promise<void> {
    await parent;
    let last: string | undefined;
    let iterator: string | undefined;
    while (!signal.aborted) {
      try {
        iterator ??= (
          await streams.send(
            new GetShardIteratorCommand({
              StreamArn: arn,
              ShardId: shard.ShardId,
              ...(last === undefined ? { ShardIteratorType: type } : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: last }),
            }),
            { abortSignal: signal },
          )
        ).ShardIterator;
        if (iterator === undefined) return;
        const { Records = [], NextShardIterator } = await streams.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 1000 }), { abortSignal: signal });
        const wanted = Records.map((record) => toEvent(record, arn)).filter(({ event }) => passes(filters, event));
        for (let at = 0; at < wanted.length; at += batchSize) await deliver(wanted.slice(at, at + batchSize));
        last = Records.at(-1)?.dynamodb?.SequenceNumber ?? last;
        iterator = NextShardIterator;
        // a closed shard is read to its end
        if (iterator === undefined) return;
        if (Records.length === 0) await pause(POLL_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        log(`${functionName}: reading the stream of ${table}: ${(error as Error).message}`);
        iterator = undefined;
        await pause(POLL_MS * 4, signal);
      }
    }
  }

  async function discover(): Promise<void> {
    while (!signal.aborted) {
      try {
        const { Streams = [] } = await streams.send(new ListStreamsCommand({ TableName: table }), { abortSignal: signal });
        // a table that was made anew under its name: the stream of the old one is there for a day, and labels are times
        const arn = Streams.toSorted((one, other) => ((one.StreamLabel ?? '') < (other.StreamLabel ?? '') ? -1 : 1)).at(-1)?.StreamArn;
        if (arn !== undefined) {
          const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: arn }), { abortSignal: signal });
          for (const shard of StreamDescription?.Shards ?? []) {
            const id = shard.ShardId ?? '';
            // what was there before the mapping is read from where it was told to begin, what comes later from its beginning
            if (!shards.has(id)) shards.set(id, follow(arn, shard, first ? startAt : 'TRIM_HORIZON', shards.get(shard.ParentShardId ?? '')));
          }
          first = false;
        }
      } catch (error) {
        if (!signal.aborted) log(`${functionName}: looking at the stream of ${table}: ${(error as Error).message}`);
      }
      await pause(first ? POLL_MS : SHARDS_MS, signal);
    }
  }

  const discovering = discover();
  return {
    async stop() {
      end.abort();
      await discovering;
      await Promise.all(shards.values());
    },
  };
}
