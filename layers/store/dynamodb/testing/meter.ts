/**
 * Counts what a client's requests consume, as DynamoDB says itself. Only transactions are counted by AWS' rule (two units for each started KB
 * of each item, also where it fails): DynamoDB Local says less of them.
 */
import type { AttributeValue, ConsumedCapacity, DynamoDBClient, TransactWriteItem } from '@aws-sdk/client-dynamodb';

export interface Consumed {
  readonly requests: number;
  /** Write units of 1 KB. */
  readonly writes: number;
  /** Read units of 4 KB, strongly consistent; half of it otherwise. */
  readonly reads: number;
}

export interface Meter {
  /** What was consumed since the last call. */
  take(): Consumed;
}

const READS = new Set(['GetItemCommand', 'BatchGetItemCommand', 'QueryCommand']);

/** As DynamoDB counts: names and values; a number takes a byte for two digits and one more. */
function sizeOf(item: Readonly<Record<string, AttributeValue>>): number {
  return Object.entries(item).reduce((sum, [name, { S, N, B }]) => {
    const value = S !== undefined ? Buffer.byteLength(S) : N !== undefined ? Math.ceil(N.length / 2) + 1 : (B?.byteLength ?? 1);
    return sum + Buffer.byteLength(name) + value;
  }, 0);
}

export function meter(client: DynamoDBClient): Meter {
  let requests = 0;
  let writes = 0;
  let reads = 0;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const { commandName = '' } = context as { readonly commandName?: string };
      if (commandName === 'TransactWriteItemsCommand') {
        const { TransactItems = [] } = args.input as { readonly TransactItems?: readonly TransactWriteItem[] };
        requests++;
        for (const item of TransactItems) writes += 2 * Math.ceil(sizeOf(item.Put?.Item ?? {}) / 1024 || 1);
        return next(args);
      }
      Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' });
      const answer = await next(args);
      const { ConsumedCapacity: consumed } = answer.output as { readonly ConsumedCapacity?: ConsumedCapacity | readonly ConsumedCapacity[] };
      const units = [consumed ?? []].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      requests++;
      if (READS.has(commandName)) reads += units;
      else writes += units;
      return answer;
    },
    { step: 'initialize', name: 'meter' },
  );
  return {
    take: () => {
      const taken = { requests, writes, reads };
      requests = writes = reads = 0;
      return taken;
    },
  };
}
