/** DNS messages as this responder writes them: names are compressed (RFC 1035 4.1.4), so that a headless service of thirty pods fits a datagram. */

export const TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, ANY: 255 } as const;
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;
export type Rcode = (typeof RCODE)[keyof typeof RCODE];
const CLASS_IN = 1;

export type DnsRecord = { readonly name: string; readonly ttl: number } & (
  | { readonly type: 'A'; readonly address: string }
  | { readonly type: 'AAAA'; readonly bytes: Uint8Array }
  | { readonly type: 'CNAME' | 'PTR' | 'NS'; readonly target: string }
  | { readonly type: 'SRV'; readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
  | { readonly type: 'TXT'; readonly text: string }
  | {
      readonly type: 'SOA';
      readonly mname: string;
      readonly rname: string;
      readonly serial: number;
      readonly refresh: number;
      readonly retry: number;
      readonly expire: number;
      readonly minimum: number;
    }
);

export interface Question {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  /** As the client wrote it: some check that upper and lower case come back. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The bytes of the question section, to be repeated. */
  readonly section: Buffer;
  readonly edns?: { readonly udpSize: number; readonly version: number; readonly dnssecOk: boolean };
}

export interface Answer {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

const HEADER = 12;
const MAX_MESSAGE = 65_535;
/** Pointers have 14 bits. */
const MAX_POINTER = 0x3fff;
/** Below the path MTU of nearly every network (DNS flag day 2020). */
export const OUR_UDP_SIZE = 1232;
const FLAG = { response: 0x8000, authoritative: 0x0400, truncated: 0x0200, recursionDesired: 0x0100, recursionAvailable: 0x0080 } as const;

function writer() {
  const out = Buffer.allocUnsafe(MAX_MESSAGE + 512);
  return {
    out,
    at: 0,
    names: new Map<string, number>(),
    u8(value: number): void {
      this.out[this.at++] = value;
    },
    u16(value: number): void {
      this.at = this.out.writeUInt16BE(value, this.at);
    },
    u32(value: number): void {
      this.at = this.out.writeUInt32BE(value >>> 0, this.at);
    },
    bytes(value: Buffer): void {
      this.at += value.copy(this.out, this.at);
    },
    name(text: string): void {
      let rest = text;
      while (rest !== '') {
        const known = this.names.get(rest.toLowerCase());
        if (known !== undefined) return this.u16(0xc000 | known);
        if (this.at <= MAX_POINTER) this.names.set(rest.toLowerCase(), this.at);
        const dot = rest.indexOf('.');
        const label = dot < 0 ? rest : rest.slice(0, dot);
        this.u8(label.length);
        this.at += this.out.write(label, this.at, 'latin1');
        rest = dot < 0 ? '' : rest.slice(dot + 1);
      }
      this.u8(0);
    },
  };
}
type Writer = ReturnType<typeof writer>;
/** One message is written at a time. */
const shared = writer();

function rdata(to: Writer, record: DnsRecord): void {
  switch (record.type) {
    case 'A':
      for (const part of record.address.split('.')) to.u8(Number(part));
      return;
    case 'AAAA':
      to.bytes(Buffer.from(record.bytes));
      return;
    case 'CNAME':
    case 'PTR':
    case 'NS':
      to.name(record.target);
      return;
    case 'SRV':
      to.u16(record.priority);
      to.u16(record.weight);
      to.u16(record.port);
      // RFC 2782 forbids a compressed target.
      to.names = new Map();
      to.name(record.target);
      return;
    case 'TXT':
      to.u8(record.text.length);
      to.at += to.out.write(record.text, to.at, 'latin1');
      return;
    case 'SOA':
      to.name(record.mname);
      to.name(record.rname);
      for (const value of [record.serial, record.refresh, record.retry, record.expire, record.minimum]) to.u32(value);
      return;
    default:
      record satisfies never;
  }
}

/** False, and nothing written, when it does not fit. */
function put(to: Writer, record: DnsRecord, limit: number): boolean {
  const begin = to.at;
  const names = record.type === 'SRV' ? to.names : undefined;
  to.name(record.name);
  to.u16(TYPE[record.type]);
  to.u16(CLASS_IN);
  to.u32(record.ttl);
  const length = to.at;
  to.u16(0);
  rdata(to, record);
  if (names !== undefined) to.names = names;
  to.out.writeUInt16BE(to.at - length - 2, length);
  if (to.at <= limit) return true;
  to.at = begin;
  return false;
}

const OPT_BYTES = 11;

/** `limit`: what the client takes over its transport. What does not fit is left out, and said so. */
export function encodeAnswer(question: Question, answer: Answer, limit: number): Buffer {
  const to = shared;
  to.at = HEADER;
  to.names = new Map();
  to.bytes(question.section);
  // The question's name is where every answer's name points.
  let rest = question.name;
  for (let at = HEADER; rest !== '';) {
    to.names.set(rest.toLowerCase(), at);
    const dot = rest.indexOf('.');
    if (dot < 0) break;
    at += dot + 1;
    rest = rest.slice(dot + 1);
  }
  const room = limit - (question.edns === undefined ? 0 : OPT_BYTES);
  const counts = [0, 0, 0];
  let truncated = false;
  for (const [index, section] of [answer.answers, answer.authorities, answer.additionals].entries())
    for (const record of section) {
      if (truncated || !put(to, record, room)) {
        // Additional records are an extra: without them the answer is whole.
        truncated ||= index < 2;
        break;
      }
      counts[index] = counts[index]! + 1;
    }
  if (question.edns !== undefined) {
    to.u8(0);
    to.u16(TYPE.OPT);
    to.u16(OUR_UDP_SIZE);
    to.u8(answer.rcode >> 4);
    to.u8(0);
    to.u16(question.edns.dnssecOk ? 0x8000 : 0);
    to.u16(0);
    counts[2] = counts[2]! + 1;
  }
  const { out } = to;
  out.writeUInt16BE(question.id, 0);
  const flags =
    FLAG.response |
    (question.opcode << 11) |
    (answer.authoritative ? FLAG.authoritative : 0) |
    (truncated ? FLAG.truncated : 0) |
    (question.recursionDesired ? FLAG.recursionDesired : 0) |
    FLAG.recursionAvailable |
    (answer.rcode & 15);
  out.writeUInt16BE(flags, 2);
  out.writeUInt16BE(question.section.length === 0 ? 0 : 1, 4);
  for (const [index, count] of counts.entries()) out.writeUInt16BE(count, 6 + 2 * index);
  return Buffer.from(out.subarray(0, to.at));
}
