/** The Clusters port in the one table: each cluster is an item of one partition that no cluster's own keys can reach. */
import { DeleteItemCommand, type DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { ClusterExists, type ClusterRecord, type Clusters, NewerFormat } from '../clusters/port.ts';

/** Names of clusters hold no slash. */
const PARTITION = '/clusters';
/** The clusters that were deleted and whose items are still to be removed, by the first part of their keys. */
const DELETED = '/deleted';
/** How the items of a cluster are laid out; a function refuses what was written by one that is newer than itself. */
export const TABLE_FORMAT = 1;

/** Calls of the table with deadlines, retries and errors that say what is wrong: the store's. */
export interface TableCalls {
  readonly table: string;
  send<Answer>(attempt: (client: DynamoDBClient, options: { readonly abortSignal: AbortSignal }) => Promise<Answer>): Promise<Answer>;
}

type Item = Record<string, { S?: string; N?: string }>;

function recordOf(item: Item): ClusterRecord {
  const format = Number(item['format']?.N ?? 0);
  if (format > TABLE_FORMAT) throw new NewerFormat(item['sk']?.S ?? '', format, TABLE_FORMAT);
  return JSON.parse(item['record']?.S ?? '{}') as ClusterRecord;
}

export function dynamoClusters(calls: TableCalls): Clusters {
  const { table } = calls;
  const key = (name: string): Item => ({ pk: { S: PARTITION }, sk: { S: name } });

  async function partition(pk: string): Promise<readonly Item[]> {
    const found: Item[] = [];
    let from: Record<string, never> | undefined;
    do {
      const query = new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: pk } },
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      });
      const page = await calls.send(async (client, options) => client.send(query, options));
      found.push(...((page.Items ?? []) as Item[]));
      from = page.LastEvaluatedKey as Record<string, never> | undefined;
    } while (from !== undefined);
    return found;
  }

  return {
    async get(name) {
      const { Item: item } = await calls.send(async (client, options) =>
        client.send(new GetItemCommand({ TableName: table, Key: key(name) as never, ConsistentRead: true }), options),
      );
      return item === undefined ? undefined : recordOf(item as Item);
    },
    list: async () => (await partition(PARTITION)).map(recordOf),
    async create(record) {
      try {
        const put = new PutItemCommand({
          TableName: table,
          Item: { pk: { S: PARTITION }, sk: { S: record.name }, format: { N: String(TABLE_FORMAT) }, record: { S: JSON.stringify(record) } },
          ConditionExpression: 'attribute_not_exists(pk)',
        });
        await calls.send(async (client, options) => client.send(put, options));
      } catch (error) {
        if ((error as { readonly name?: string }).name === 'ConditionalCheckFailedException') throw new ClusterExists(record.name);
        throw error;
      }
    },
    async remove(name) {
      const found = await this.get(name);
      if (found === undefined) return false;
      const stone = { pk: { S: DELETED }, sk: { S: found.id } };
      // both or none: who deletes a cluster may be gone before its items are
      const both = new TransactWriteItemsCommand({
        TransactItems: [{ Delete: { TableName: table, Key: key(name) as never, ConditionExpression: 'attribute_exists(pk)' } }, { Put: { TableName: table, Item: stone } }],
      });
      try {
        await calls.send(async (client, options) => client.send(both, options));
      } catch (error) {
        if ((error as { readonly name?: string }).name === 'TransactionCanceledException') return false;
        throw error;
      }
      return true;
    },
    async deleted() {
      const items = await partition(DELETED);
      return items.map((item) => item['sk']?.S ?? '');
    },
    async forget(id) {
      const gone = new DeleteItemCommand({ TableName: table, Key: { pk: { S: DELETED }, sk: { S: id } } });
      await calls.send(async (client, options) => client.send(gone, options));
    },
  };
}
