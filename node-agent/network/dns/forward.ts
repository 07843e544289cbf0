/** Names that are not the cluster's: the question goes to the host's resolvers as it came, the answer comes back as it is. */
import { createSocket } from 'node:dgram';
import { isIPv4 } from '../addresses.ts';

/** Stub resolvers ask again after five seconds: two servers are tried within that. */
const SERVER_LIMIT_MS = 2_000;
const DNS_PORT = 53;

/** The name servers of a resolv.conf; the cluster's own address would be a loop. */
export const resolversOf = (resolvConf: string, own: string): readonly string[] =>
  resolvConf
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter((address) => isIPv4(address) && address !== own);

function ask(server: string, message: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (answer: Buffer | undefined): void => {
      clearTimeout(limit);
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.close();
      resolve(answer);
    };
    const limit = setTimeout(() => finish(undefined), SERVER_LIMIT_MS);
    socket.on('error', () => finish(undefined));
    socket.on('message', (answer) => {
      // a connected socket hears that server only; the id guards against its late answers
      if (answer.length >= 2 && answer.readUInt16BE(0) === message.readUInt16BE(0)) finish(answer);
    });
    socket.connect(DNS_PORT, server, () => socket.send(message));
  });
}

/** The first answer of the servers, asked in order; `undefined` when none answers. */
export async function forward(servers: readonly string[], message: Buffer): Promise<Buffer | undefined> {
  for (const server of servers.slice(0, 2)) {
    const answer = await ask(server, message);
    if (answer !== undefined) return answer;
  }
  return undefined;
}
