/** A wire to AWS' services (to an emulator of them) that counts: requests pass as they are, and each is noted with who asked, what, and what it consumed. */
import { Agent, createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Ledger } from './ledger.ts';
import type { Call } from './prices.ts';
import { asking, unitsOf } from './units.ts';

export interface WireOptions {
  readonly to: URL;
  readonly ledger: Ledger;
  /** Who an access key belongs to, where the client does not say its name. */
  readonly owner?: (accessKey: string) => string | undefined;
}

export interface Wire {
  readonly url: string;
  close(): Promise<void>;
}

const SERVICES: Readonly<Record<string, Call['service']>> = { dynamodb: 'dynamodb', sqs: 'sqs' };

/** Clients say their name by AWS_SDK_UA_APP_ID. */
function nameOf({ headers }: IncomingMessage, owner: WireOptions['owner']): string {
  const app = /(?:^|\s)app\/(\S+)/.exec(`${String(headers['x-amz-user-agent'] ?? '')} ${headers['user-agent'] ?? ''}`)?.[1];
  return app ?? owner?.(/Credential=([^/]+)/.exec(headers.authorization ?? '')?.[1] ?? '') ?? 'unknown';
}

function calledOf({ headers, method, url }: IncomingMessage): { readonly service: Call['service']; readonly action: string } {
  // `DynamoDB_20120810.PutItem`, `DynamoDBStreams_20120810.GetRecords`, `AmazonSQS.SendMessage`
  const [target = '', action = `${method} ${url?.split('?')[0]}`] = String(headers['x-amz-target'] ?? '').split('.');
  if (target.startsWith('DynamoDBStreams')) return { service: 'other', action };
  const scope = /Credential=[^/]+\/[^/]+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
  return { service: SERVICES[scope] ?? 'other', action };
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

export async function openWire({ to, ledger, owner }: WireOptions): Promise<Wire> {
  const agent = new Agent({ keepAlive: true });

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { service, action } = calledOf(incoming);
    const given = await readAll(incoming);
    const body = service === 'dynamodb' ? asking(action, given) : given;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = send(
        { host: to.hostname, port: to.port, path: incoming.url, method: incoming.method, agent, headers: { ...incoming.headers, 'content-length': body.length } },
        resolve,
      );
      sent.once('error', reject);
      // a long poll that is given up is given up on the other side too
      response.once('close', () => {
        if (!response.writableFinished) sent.destroy();
      });
      sent.end(body);
    });
    const whole = await readAll(answer);
    ledger.note({ by: nameOf(incoming, owner), service, action, ...(service === 'dynamodb' ? unitsOf(action, given, whole) : {}) });
    const { 'transfer-encoding': _, connection: __, ...headers } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, { ...headers, 'content-length': whole.length });
    response.end(whole);
  }

  const server = createServer((incoming, response) => {
    // what the other side does to a connection, this one does too: clients know how to try again
    pass(incoming, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      agent.destroy();
    },
  };
}
