/** The one table: its keys, its stream and its time to live. The stack that deploys it and the tests make it from this description. */
import { CreateTableCommand, DeleteTableCommand, ResourceInUseException, type CreateTableCommandInput, type DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** Seconds since the epoch after which DynamoDB deletes an item, some time within days. */
export const TTL_ATTRIBUTE = 'ttl';
/**
 * Only changes that readers are told of have this attribute with one of these values: what a consumer of the table's stream filters by,
 * `{"dynamodb":{"NewImage":{"type":{"S":["created","updated","removed"]}}}}`.
 */
export const CHANGE_ATTRIBUTE = 'type';
export const CHANGE_TYPES = ['created', 'updated', 'removed'] as const;

export const tableDefinition = (name: string): CreateTableCommandInput => ({
  TableName: name,
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
});

/** For emulators, which have a table at once. */
export async function createTable(client: DynamoDBClient, name: string): Promise<void> {
  await client.send(new CreateTableCommand(tableDefinition(name)));
}

/** The same where it may be there already. */
export async function ensureTable(client: DynamoDBClient, name: string): Promise<void> {
  try {
    await createTable(client, name);
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
}

export async function deleteTable(client: DynamoDBClient, name: string): Promise<void> {
  await client.send(new DeleteTableCommand({ TableName: name }));
}
