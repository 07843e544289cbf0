/** Stores on DynamoDB Local: one table for a test file, a cluster for each store, which keeps them apart as it keeps users apart. */
import { randomUUID } from 'node:crypto';
import type { DynamoDBClient, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { dynamodbLocal, START_LIMIT } from '#test/helpers/dynamodb-local.ts';
import { createDynamoClient } from '../client.ts';
import { createTable, deleteTable } from '../table.ts';

/** Milliseconds for one request: a Java process that shares two cores with all the other tests is no healthy table. */
export const ATTEMPT = 20_000;

/** DynamoDB Local reads who somebody says to be and checks no signature: a sixth of a client's time is not spent on making one. */
const UNSIGNED: NonNullable<DynamoDBClientConfig['signer']> = {
  async sign(request) {
    request.headers['authorization'] = 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=none';
    return request;
  },
};

export interface LocalTable {
  readonly table: string;
  /** A client of its own, for middleware of its own. */
  client(config?: DynamoDBClientConfig): DynamoDBClient;
  remove(): Promise<void>;
}

export async function localTable(): Promise<LocalTable> {
  const endpoint = await dynamodbLocal();
  const clients: DynamoDBClient[] = [];
  const client = (config: DynamoDBClientConfig = {}): DynamoDBClient => {
    const made = createDynamoClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      signer: UNSIGNED,
      requestHandler: { connectionTimeout: ATTEMPT },
      ...config,
    });
    clients.push(made);
    return made;
  };
  const table = `test-${randomUUID()}`;
  // the first request finds a Java that is still warming up
  await createTable(client({ requestHandler: { connectionTimeout: START_LIMIT, requestTimeout: START_LIMIT } }), table);
  return {
    table,
    client,
    remove: async () => {
      await deleteTable(clients[0]!, table);
      for (const one of clients) one.destroy();
    },
  };
}
