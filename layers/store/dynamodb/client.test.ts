/** A client that was frozen: its idle connections were closed by the other side meanwhile, and it has not heard of it. */
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createDynamoClient } from './client.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** `closes`: so many requests find that their connection is closed. */
async function table(closes: number) {
  const seen: Socket[] = [];
  let left = 0;
  const server = createServer((request, response) => {
    seen.push(request.socket);
    request.resume();
    if (left > 0) {
      left--;
      return void request.socket.destroy();
    }
    response.setHeader('content-type', 'application/x-amz-json-1.0').end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createDynamoClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  stops.push(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  const get = async () => client.send(new GetItemCommand({ TableName: 'table', Key: { pk: { S: 'a' } } }));
  await get();
  left = closes;
  return { get, seen };
}

test('a request on a closed connection is asked again on another', async () => {
  const { get, seen } = await table(1);
  await expect(get()).resolves.toMatchObject({});
  expect(seen).toHaveLength(3);
});

test('a table that closes every connection is told of', async () => {
  const { get, seen } = await table(100);
  await expect(get()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(seen).toHaveLength(4);
});
