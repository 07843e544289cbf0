/** Follows the alias of an ExternalName service: within the cluster's zone, or by asking the host's resolvers for where it leads. */
import { randomInt } from 'node:crypto';
import { decode, encode, RECURSION_DESIRED } from 'dns-packet';
import { ipv6Bytes } from '../addresses.ts';
import { forward } from './forward.ts';
import { RCODE, TYPE, type Answer, type DnsRecord, type Rcode } from './message.ts';
import type { Found, Records } from './records.ts';

/** Services that name each other in a circle end here. */
const MAX_STEPS = 8;
const TYPE_NAMES = { [TYPE.A]: 'A', [TYPE.AAAA]: 'AAAA' } as const;

async function elsewhere(resolvers: readonly string[], name: string, type: number): Promise<{ readonly rcode: Rcode; readonly records: readonly DnsRecord[] }> {
  const typeName = TYPE_NAMES[type as keyof typeof TYPE_NAMES];
  if (typeName === undefined || resolvers.length === 0) return { rcode: RCODE.NOERROR, records: [] };
  const question = encode({ type: 'query', id: randomInt(65_536), flags: RECURSION_DESIRED, questions: [{ type: typeName, name, class: 'IN' }] });
  const reply = await forward(resolvers, question, 'udp');
  if (reply === undefined) return { rcode: RCODE.SERVFAIL, records: [] };
  const records: DnsRecord[] = [];
  for (const answer of decode(reply).answers ?? []) {
    const ttl = 'ttl' in answer ? (answer.ttl ?? 0) : 0;
    if (answer.type === 'A') records.push({ type: 'A', name: answer.name, ttl, address: answer.data });
    else if (answer.type === 'AAAA') records.push({ type: 'AAAA', name: answer.name, ttl, bytes: ipv6Bytes(answer.data) });
    else if (answer.type === 'CNAME') records.push({ type: 'CNAME', name: answer.name, ttl, target: answer.data });
  }
  return { rcode: (reply[3]! & 15) as Rcode, records };
}

/** The alias, then what its target holds. A target that does not exist is the client's to find out: the alias itself does. */
export async function followAlias(records: Records, resolvers: readonly string[], first: Extract<Found, { kind: 'alias' }>, type: number): Promise<Answer> {
  const answers: DnsRecord[] = [];
  let found: Found = first;
  let name = '';
  for (let step = 0; found.kind === 'alias' && step < MAX_STEPS; step++) {
    answers.push(found.record);
    name = found.target;
    found = records.find(name, type);
  }
  const whole = { authoritative: true, authorities: [], additionals: [] } as const;
  if (found.kind === 'answer') return { ...whole, rcode: found.answer.rcode, answers: [...answers, ...found.answer.answers] };
  if (found.kind === 'alias') return { ...whole, rcode: RCODE.SERVFAIL, answers };
  const outside = await elsewhere(resolvers, name, type);
  return { ...whole, rcode: outside.rcode, answers: [...answers, ...outside.records] };
}
