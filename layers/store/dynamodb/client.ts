/** The one client of the engine: connections that stay open, deadlines, and no retries of its own (calls.ts repeats with a reason). */
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';

/** Milliseconds. Each request brings a shorter deadline of its own. */
const CONNECT = 1_000;
const REQUEST = 30_000;
/** Connections: a list of 100 parts and 32 writers need no more. */
const SOCKETS = 128;

/** Region, credentials and endpoint come from the environment where they are not given. */
export function createDynamoClient(config: DynamoDBClientConfig = {}): DynamoDBClient {
  return new DynamoDBClient({
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT,
      requestTimeout: REQUEST,
      throwOnRequestTimeout: true,
      httpAgent: { maxSockets: SOCKETS, keepAlive: true },
      httpsAgent: { maxSockets: SOCKETS, keepAlive: true },
    },
    ...config,
  });
}
