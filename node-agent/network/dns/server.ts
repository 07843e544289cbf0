/** The cluster DNS of one node: answers on the DNS service's address, which the node holds itself. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { runCommand, type Run } from '../run.ts';
import type { ServiceSource } from '../services.ts';
import { followAlias } from './alias.ts';
import { forward, reachableResolvers } from './forward.ts';
import { type Answer, encodeAnswer, type Question, RCODE, type Rcode } from './message.ts';
import { BadQuestion, readQuestion } from './question.ts';
import { clusterRecords } from './records.ts';

export interface DnsOptions {
  /** The cluster IP of the DNS service. */
  readonly address: string;
  readonly clusterDomain: string;
  /** Ranges whose reverse names are the cluster's. */
  readonly ranges: readonly string[];
  /** Where other names are asked for; empty: they do not exist. */
  readonly resolvers: readonly string[];
  readonly source: ServiceSource;
  readonly run?: Run;
  readonly log: (message: string, error?: unknown) => void;
}

export interface DnsServer {
  close(): Promise<void>;
}

const PORT = 53;
const OLD_UDP_LIMIT = 512;
const MAX_UDP_LIMIT = 4096;
const TCP_LIMIT = 65_535;
const TCP_IDLE_MS = 10_000;
/** A burst of changes within this is one new picture. */
const GATHER_MS = 5;
const QUERY = 0;
const CLASS_IN = 1;
const CLASS_ANY = 255;

const udpLimit = ({ edns }: Question): number => Math.min(MAX_UDP_LIMIT, Math.max(OLD_UDP_LIMIT, edns?.udpSize ?? OLD_UDP_LIMIT));
const bare = (rcode: Rcode): Answer => ({ rcode, authoritative: false, answers: [], authorities: [], additionals: [] });

export async function openDns(options: DnsOptions): Promise<DnsServer> {
  const run = options.run ?? runCommand;
  const records = clusterRecords({ clusterDomain: options.clusterDomain, address: options.address, ranges: options.ranges });
  const resolvers = reachableResolvers(options.resolvers);
  let gathering: NodeJS.Timeout | undefined;
  /** Before the first complete picture a missing name may only be late: "try again" instead of "there is no such name". */
  let complete = false;
  const refresh = (): void => {
    gathering = undefined;
    records.apply(options.source.services(), options.source.slices());
  };
  const unsubscribe = options.source.subscribe(() => (gathering ??= setTimeout(refresh, GATHER_MS)));
  refresh();
  const begin = async (): Promise<void> => {
    await options.source.synced;
    complete = true;
    refresh();
  };
  begin().catch((error: unknown) => options.log('services are not known', error));

  async function answer(message: Buffer, question: Question, limit: number, transport: 'udp' | 'tcp'): Promise<Buffer> {
    if (question.opcode !== QUERY) return encodeAnswer(question, bare(RCODE.NOTIMP), limit);
    if (question.class !== CLASS_IN && question.class !== CLASS_ANY) return encodeAnswer(question, bare(RCODE.REFUSED), limit);
    if (question.edns !== undefined && question.edns.version > 0) return encodeAnswer(question, bare(RCODE.BADVERS), limit);
    const found = records.find(question.name, question.type);
    if (found.kind === 'outside') {
      if (resolvers.length === 0) return encodeAnswer(question, bare(RCODE.NXDOMAIN), limit);
      return (await forward(resolvers, message, transport)) ?? encodeAnswer(question, bare(RCODE.SERVFAIL), limit);
    }
    if (!complete && (found.kind === 'alias' || found.answer.answers.length === 0)) return encodeAnswer(question, bare(RCODE.SERVFAIL), limit);
    return encodeAnswer(question, found.kind === 'answer' ? found.answer : await followAlias(records, resolvers, found, question.type), limit);
  }

  async function respond(message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    try {
      const question = readQuestion(message);
      return question === undefined ? undefined : await answer(message, question, transport === 'tcp' ? TCP_LIMIT : udpLimit(question), transport);
    } catch (error) {
      if (error instanceof BadQuestion) return encodeAnswer(error.question, bare(RCODE.FORMERR), OLD_UDP_LIMIT);
      options.log('a DNS question could not be answered', error);
      return undefined;
    }
  }

  function serveUdp(socket: UdpSocket): void {
    socket.on('message', (message, from) => {
      const reply = async (): Promise<void> => {
        const bytes = await respond(message, 'udp');
        if (bytes !== undefined) socket.send(bytes, from.port, from.address, () => undefined);
      };
      void reply();
    });
    socket.on('error', (error) => options.log('DNS over UDP', error));
  }

  function serveTcp(socket: Socket): void {
    let waiting = Buffer.alloc(0);
    const reply = async (message: Buffer): Promise<void> => {
      const bytes = await respond(message, 'tcp');
      if (bytes === undefined || socket.destroyed) return;
      const head = Buffer.alloc(2);
      head.writeUInt16BE(bytes.length, 0);
      socket.write(Buffer.concat([head, bytes]));
    };
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', (part) => {
      waiting = Buffer.concat([waiting, part]);
      while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
        const length = waiting.readUInt16BE(0);
        const message = waiting.subarray(2, 2 + length);
        waiting = waiting.subarray(2 + length);
        void reply(Buffer.from(message));
      }
    });
  }

  // The node itself holds the address: pods come by their gateway, and programs of the node find it here.
  await run('ip', ['address', 'replace', `${options.address}/32`, 'dev', 'lo']);
  const udp = createSocket('udp4');
  serveUdp(udp);
  const tcp: Server = createServer(serveTcp);
  await Promise.all([
    new Promise<void>((resolve, reject) => {
      udp.once('error', reject);
      udp.bind({ port: PORT, address: options.address, exclusive: true }, () => resolve());
    }),
    new Promise<void>((resolve, reject) => {
      tcp.once('error', reject);
      tcp.listen(PORT, options.address, () => resolve());
    }),
  ]);
  return {
    async close() {
      unsubscribe();
      clearTimeout(gathering);
      udp.close();
      await new Promise<void>((resolve) => tcp.close(() => resolve()));
    },
  };
}
