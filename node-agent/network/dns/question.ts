/** Reads what clients ask. */
import { decode } from 'dns-packet';
import type { Question } from './message.ts';

const HEADER = 12;
const QR = 0x80;

export class BadQuestion extends Error {
  readonly code = 'BAD_QUESTION';
  /** Enough to answer FORMERR. */
  readonly question: Question;
  constructor(question: Question) {
    super('not a DNS query with one question');
    this.question = question;
  }
}

/** The name and length of the question's; names in questions are never compressed. */
function readName(message: Buffer): { readonly name: string; readonly end: number } | undefined {
  const labels: string[] = [];
  for (let at = HEADER; at < message.length;) {
    const length = message[at]!;
    if (length === 0) return { name: labels.join('.'), end: at + 1 };
    if (length > 63 || at + 1 + length > message.length) return undefined;
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return undefined;
}

interface Opt {
  readonly type: string;
  readonly udpPayloadSize: number;
  readonly ednsVersion: number;
  readonly flag_do: boolean;
}

/** Undefined for what must not be answered: answers, and fragments. @throws BadQuestion */
export function readQuestion(message: Buffer): Question | undefined {
  if (message.length < HEADER || (message[2]! & QR) !== 0) return undefined;
  const head = { id: message.readUInt16BE(0), opcode: (message[2]! >> 3) & 15, recursionDesired: (message[2]! & 1) !== 0 };
  const bad = (): never => {
    throw new BadQuestion({ ...head, name: '', type: 0, class: 0, section: Buffer.alloc(0) });
  };
  if (message.readUInt16BE(4) !== 1) return bad();
  const found = readName(message);
  if (found === undefined || found.end + 4 > message.length || found.end - HEADER > 255) return bad();
  const question = {
    ...head,
    name: found.name,
    type: message.readUInt16BE(found.end),
    class: message.readUInt16BE(found.end + 2),
    section: message.subarray(HEADER, found.end + 4),
  };
  if (message.readUInt16BE(10) === 0) return question;
  try {
    const opt = (decode(message).additionals as readonly unknown[] as readonly Opt[]).find(({ type }) => type === 'OPT');
    if (opt === undefined) return question;
    return { ...question, edns: { udpSize: opt.udpPayloadSize, version: opt.ednsVersion, dnssecOk: opt.flag_do } };
  } catch {
    return bad();
  }
}
