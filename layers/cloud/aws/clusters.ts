/** The Clusters port in the one table: each cluster is an item of one partition that no cluster's own keys can reach. */
import { DeleteItemCommand, type DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { ClusterExists, type ClusterRecord, type Clusters, NewerFormat } from '../clusters/port.ts';

/** Names of clusters hold no slash. */
const PARTITION = '/clusters';
/** How the items of a cluster are laid out; a function refuses what was written by one that is newer than itself. */
export const TABLE_FORMAT = 1;
/** Milliseconds for one call. */
const LIMIT_MS = 5_000;

type Item = Record<string, { S?: string; N?: string }>;

function recordOf(item: Item): ClusterRecord {
  const format = Number(item['format']?.N ?? 0);
  if (format > TABLE_FORMAT) throw new NewerFormat(item['sk']?.S ?? '', format, TABLE_FORMAT);
  return JSON.parse(item['record']?.S ?? '{}') as ClusterRecord;
}

export function dynamoClusters(client: DynamoDBClient, table: string): Clusters {
  const options = (): { readonly abortSignal: AbortSignal } => ({ abortSignal: AbortSignal.timeout(LIMIT_MS) });
  const key = (name: string): Item => ({ pk: { S: PARTITION }, sk: { S: name } });
  return {
    async get(name) {
      const { Item: item } = await client.send(new GetItemCommand({ TableName: table, Key: key(name) as never, ConsistentRead: true }), options());
      return item === undefined ? undefined : recordOf(item as Item);
    },
    async list() {
      const found: ClusterRecord[] = [];
      let from: Record<string, never> | undefined;
      do {
        const page = await client.send(
          new QueryCommand({
            TableName: table,
            ConsistentRead: true,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': { S: PARTITION } },
            ...(from === undefined ? {} : { ExclusiveStartKey: from }),
          }),
          options(),
        );
        for (const item of page.Items ?? []) found.push(recordOf(item as Item));
        from = page.LastEvaluatedKey as Record<string, never> | undefined;
      } while (from !== undefined);
      return found;
    },
    async create(record) {
      try {
        await client.send(
          new PutItemCommand({
            TableName: table,
            Item: { pk: { S: PARTITION }, sk: { S: record.name }, format: { N: String(TABLE_FORMAT) }, record: { S: JSON.stringify(record) } },
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
          options(),
        );
      } catch (error) {
        if ((error as { readonly name?: string }).name === 'ConditionalCheckFailedException') throw new ClusterExists(record.name);
        throw error;
      }
    },
    async remove(name) {
      const { Attributes } = await client.send(new DeleteItemCommand({ TableName: table, Key: key(name) as never, ReturnValues: 'ALL_OLD' }), options());
      return Attributes !== undefined;
    },
  };
}
