/** What DynamoDB does to its callers and DynamoDB Local never does, put between a client and its table. */
import { ProvisionedThroughputExceededException, TransactionCanceledException, type DynamoDBClient, type TransactWriteItem } from '@aws-sdk/client-dynamodb';

/** How often each accident happens, of 1. */
export interface Accidents {
  /** A transaction meets another one on an item. */
  readonly conflict?: number;
  /** Any request is refused for want of throughput. */
  readonly throttle?: number;
  /** The answer of a write is lost after it landed. */
  readonly lost?: number;
  /** A writer stands still between its counter and its transaction, for `stallMs`. */
  readonly stall?: number;
  readonly stallMs?: () => number;
  /** A writer dies there. */
  readonly die?: number;
  /** A rule of the protocol that is left out: what a test of the test needs. */
  readonly without?: 'slot condition' | 'object condition';
}

/** Nothing repeats this: whoever waits for the writer must help himself. */
class WriterDied extends Error {
  override readonly name = 'WriterDied';
}

export interface Injected {
  /** How often each happened. */
  readonly counts: Readonly<Record<string, number>>;
}

const WRITES = new Set(['TransactWriteItemsCommand', 'PutItemCommand', 'UpdateItemCommand']);

export function inject(client: DynamoDBClient, random: () => number, accidents: Accidents): Injected {
  const counts: Record<string, number> = {};
  const happens = (what: 'conflict' | 'throttle' | 'lost' | 'stall' | 'die'): boolean => {
    if (random() >= (accidents[what] ?? 0)) return false;
    counts[what] = (counts[what] ?? 0) + 1;
    return true;
  };
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const { commandName } = context as { readonly commandName?: string };
      const name = commandName ?? '';
      if (happens('throttle')) throw new ProvisionedThroughputExceededException({ message: 'injected', $metadata: {} });
      if (name === 'TransactWriteItemsCommand') {
        const { TransactItems: items = [] } = args.input as { readonly TransactItems?: TransactWriteItem[] };
        if (happens('die')) throw new WriterDied('injected');
        if (happens('stall')) await new Promise((resolve) => setTimeout(resolve, accidents.stallMs?.() ?? 200));
        if (happens('conflict')) {
          const reasons = items.map((_, index) => ({ Code: index === 0 ? 'TransactionConflict' : 'None' }));
          throw new TransactionCanceledException({ message: 'injected', $metadata: {}, CancellationReasons: reasons });
        }
        if (accidents.without !== undefined) for (const item of items) leaveOut(item, accidents.without);
      }
      const answer = await next(args);
      if (WRITES.has(name) && happens('lost')) throw Object.assign(new Error('injected: the answer was lost'), { name: 'TimeoutError' });
      return answer;
    },
    { step: 'initialize', name: 'accidents' },
  );
  return { counts };
}

function leaveOut(item: TransactWriteItem, rule: NonNullable<Accidents['without']>): void {
  const put = item.Put;
  if (put?.ConditionExpression === undefined) return;
  const isSlot = put.ConditionExpression === 'attribute_not_exists(pk)';
  if (isSlot !== (rule === 'slot condition')) return;
  delete put.ConditionExpression;
  delete put.ExpressionAttributeValues;
  delete put.ReturnValuesOnConditionCheckFailure;
}
