/** Names that are not the cluster's: the question goes to the host's resolvers as it came, the answer comes back as it is. */
import { createSocket } from 'node:dgram';
import { readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { isIPv4 } from '../addresses.ts';

/** Stub resolvers ask again after five seconds: two servers are tried within that. */
const SERVER_LIMIT_MS = 2_000;
const DNS_PORT = 53;
const HEADER = 12;
/** Questions under way at once; a flood is refused rather than kept. */
const MAX_UNDER_WAY = 1_000;
/** systemd-resolved: a stub that listens on the host's loopback, and the file with the servers behind it. */
const STUB = '127.0.0.53';
const BEHIND_STUB = '/run/systemd/resolve/resolv.conf';

/** The name servers of a resolv.conf; the cluster's own address would be a loop. */
export const resolversOf = (resolvConf: string, own: string): readonly string[] =>
  resolvConf
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter((address) => isIPv4(address) && address !== own);

function inHostNamespace(): boolean {
  try {
    return readlinkSync('/proc/self/ns/net') === readlinkSync('/proc/1/ns/net');
  } catch {
    return false;
  }
}

/** Without those that cannot be reached from here: the loopback of a node with a network namespace of its own is not the host's. */
export function reachableResolvers(servers: readonly string[]): readonly string[] {
  if (inHostNamespace()) return servers;
  const distant = servers.filter((address) => !address.startsWith('127.'));
  if (distant.length > 0 || !servers.includes(STUB)) return distant;
  try {
    return resolversOf(readFileSync(BEHIND_STUB, 'utf8'), STUB).filter((address) => !address.startsWith('127.'));
  } catch {
    return [];
  }
}

/** Whether it answers this very question; a late answer to another one does not. */
function answers(reply: Buffer, message: Buffer): boolean {
  if (reply.length < HEADER || reply.readUInt16BE(0) !== message.readUInt16BE(0) || (reply[2]! & 0x80) === 0) return false;
  let end = HEADER;
  while (end < message.length && message[end] !== 0) end += message[end]! + 1;
  const asked = message.toString('latin1', HEADER, end + 5).toLowerCase();
  return reply.readUInt16BE(4) === 0 || reply.toString('latin1', HEADER, end + 5).toLowerCase() === asked;
}

/** A socket for each question: its port is as hard to guess as its id. */
function askUdp(server: string, message: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (answer: Buffer | undefined): void => {
      clearTimeout(limit);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      resolve(answer);
    };
    const limit = setTimeout(() => finish(undefined), SERVER_LIMIT_MS);
    socket.on('error', () => finish(undefined));
    socket.on('message', (answer) => {
      if (answers(answer, message)) finish(answer);
    });
    socket.connect(DNS_PORT, server, () => socket.send(message));
  });
}

function askTcp(server: string, message: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const head = Buffer.alloc(2);
    head.writeUInt16BE(message.length, 0);
    let heard = Buffer.alloc(0);
    const socket = connect(DNS_PORT, server, () => socket.write(Buffer.concat([head, message])));
    const finish = (answer: Buffer | undefined): void => {
      clearTimeout(limit);
      socket.destroy();
      resolve(answer);
    };
    const limit = setTimeout(() => finish(undefined), SERVER_LIMIT_MS);
    socket.on('error', () => finish(undefined));
    socket.on('close', () => finish(undefined));
    socket.on('data', (part: Buffer) => {
      heard = Buffer.concat([heard, part]);
      if (heard.length < 2 || heard.length < 2 + heard.readUInt16BE(0)) return;
      const answer = heard.subarray(2, 2 + heard.readUInt16BE(0));
      finish(answers(answer, message) ? answer : undefined);
    });
  });
}

let underWay = 0;

/** The first answer of the servers, asked in order over the transport that the client used; `undefined` when none answers. */
export async function forward(servers: readonly string[], message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
  if (underWay >= MAX_UNDER_WAY) return undefined;
  underWay++;
  try {
    for (const server of servers.slice(0, 2)) {
      const answer = await (transport === 'udp' ? askUdp(server, message) : askTcp(server, message));
      if (answer !== undefined) return answer;
    }
    return undefined;
  } finally {
    underWay--;
  }
}
