/** The one client of the engine: connections that stay open, deadlines, and no retries of its own (calls.ts repeats with a reason). */
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';

/** Milliseconds. Each request brings a shorter deadline of its own. */
const CONNECT = 1_000;
const REQUEST = 30_000;
/** Connections: a list of 100 parts and 32 writers need no more. */
const SOCKETS = 128;
/** Tries of a request whose connection was found closed. */
const CONNECTIONS = 3;

/** What a connection ends with that the other side had closed before, while this process was frozen. */
const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

/** Region, credentials and endpoint come from the environment where they are not given. */
export function createDynamoClient(config: DynamoDBClientConfig = {}): DynamoDBClient {
  const client = new DynamoDBClient({
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
  // who wakes from a freeze holds connections that are closed and does not know it yet: the first request on each finds out, and asks again at once
  client.middlewareStack.add(
    (next) => async (args) => {
      for (let tries = 1; ; tries++) {
        try {
          return await next(args);
        } catch (error) {
          if (tries === CONNECTIONS || !CLOSED.has((error as { readonly code?: string }).code ?? '')) throw error;
          // one turn of the loop: it drops the other closed connections from the pool
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    },
    { step: 'deserialize', priority: 'low', name: 'closedConnections' },
  );
  return client;
}
