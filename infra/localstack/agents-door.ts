/**
 * What the nodes' agents see of AWS: the api function's URL, which asks for a signature, and the table and the queues. Agents live in networks of
 * their own, where an emulator on this machine's loopback is out of reach: a relay on the bridge's address stands for it.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Door, type DoorOptions, openDoor } from '../gateway/door/door.ts';
import { type Principals, verifyHeaders } from '../gateway/iam/sigv4.ts';

export interface AgentsDoorConfig {
  readonly address: string;
  readonly port: number;
  /** Relayed ports on the same address. */
  readonly sqsPort: number;
  readonly dynamodbPort: number;
}

export interface AgentsDoorOptions extends Pick<DoorOptions, 'lambda' | 'functionName' | 'log'> {
  readonly config: AgentsDoorConfig;
  readonly tls: NonNullable<DoorOptions['tls']>;
  readonly principals: Principals;
  readonly sqs: URL;
  readonly dynamodb: URL;
}

async function relay(address: string, port: number, to: URL): Promise<{ close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((incoming) => {
    const outgoing = connect({ host: to.hostname, port: Number(to.port || '80') });
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        incoming.destroy();
        outgoing.destroy();
      });
    }
    incoming.pipe(outgoing).pipe(incoming);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

export async function openAgentsDoor({ config, tls, principals, sqs, dynamodb, lambda, functionName, log }: AgentsDoorOptions): Promise<{ close(): Promise<void> }> {
  const { address, port } = config;
  const door: Door = await openDoor({
    lambda,
    functionName,
    kind: 'url',
    address,
    port,
    tls,
    log,
    identify: async (incoming, body) => {
      const { arn, account, userId } = verifyHeaders(principals, incoming, body, 'lambda', Date.now());
      const accessKey = /Credential=([^/]+)/.exec(incoming.headers.authorization ?? '')?.[1] ?? '';
      return { accessKey, accountId: account, userArn: arn, userId };
    },
  });
  const relays = [await relay(address, config.sqsPort, sqs), await relay(address, config.dynamodbPort, dynamodb)];
  return {
    async close() {
      await Promise.all([door, ...relays].map((one) => one.close()));
    },
  };
}
