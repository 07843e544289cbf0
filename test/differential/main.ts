/** `npm run differential`: the same requests to Kubernetes' own API server and to this one, and what differs in the answers. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { connection } from '../../cli/api/kubeconfig.ts';
import { compareReplies, type Difference } from './compare.ts';
import { collectionOf, createCases, kindOf, NAMESPACE, SEEDS, updateCases } from './object-cases.ts';
import { type Question, type Side, sideOf } from './side.ts';
import { wireCases } from './wire-cases.ts';

const { values } = parseArgs({
  options: {
    theirs: { type: 'string' },
    token: { type: 'string' },
    ours: { type: 'string' },
    only: { type: 'string' },
    kind: { type: 'string' },
    part: { type: 'string' },
    out: { type: 'string' },
  },
});
const url = new URL(values.theirs!);
const mine = connection({ kubeconfig: values.ours! });
const our = new URL(mine.server);
const theirs = sideOf('kube-apiserver', { host: url.hostname, port: Number(url.port), token: values.token! });
const ours = sideOf('paperplane', { host: our.hostname, port: Number(our.port), ca: mine.ca!, cert: mine.cert!, key: mine.key! });

const both = async (question: Question) =>
  Promise.all([theirs, ours].map((side: Side) => side.ask(question).catch((error: Error) => ({ status: 0, headers: {}, bytes: Buffer.from(error.message) }))));
const quietly = async (method: string, path: string, body?: object): Promise<void> => {
  const replies = await both({ method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (body !== undefined && !path.endsWith('/namespaces'))
    for (const [at, reply] of replies.entries())
      if (reply.status >= 400 && reply.status !== 409) process.stderr.write(`${['theirs', 'ours'][at]}: ${method} ${path}: ${reply.bytes.toString().slice(0, 400)}\n`);
};

interface Found {
  readonly title: string;
  readonly differences: readonly Difference[];
}
const found: Found[] = [];
let asked = 0;

async function ask(title: string, question: Question): Promise<void> {
  const [a, b] = await both(question);
  asked++;
  const differences = compareReplies(a!, b!);
  if (differences.length > 0) found.push({ title, differences });
}

/** Four at a time. */
async function each<T>(list: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const queue = list.values();
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const one of queue) await act(one);
    }),
  );
}

if (values.part !== 'objects') {
  await quietly('POST', '/api/v1/namespaces', { metadata: { name: 'wire' } });
  await quietly('POST', '/api/v1/namespaces/wire/serviceaccounts', { metadata: { name: 'default' } });
  for (const question of wireCases().filter(({ method, path }) => values.only === undefined || `${method} ${path}`.includes(values.only))) {
    if (question.method !== 'GET' && question.method !== 'HEAD') {
      await both({ method: 'DELETE', path: '/api/v1/namespaces/wire/configmaps/one' });
      await both({ method: 'POST', path: '/api/v1/namespaces/wire/configmaps?fieldManager=me', body: '{"metadata":{"name":"one"},"data":{"a":"b"}}' });
    }
    await ask(
      `${question.method} ${question.path} ${question.headers === undefined ? '' : JSON.stringify(question.headers)} ${question.body?.toString().slice(0, 200) ?? ''}`,
      question,
    );
  }
}
if (values.part !== 'wire') {
  await quietly('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  await quietly('POST', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: 'default' } });
  for (const seed of SEEDS.filter(({ kind }) => values.kind === undefined || values.kind.split(',').includes(kind))) {
    const path = collectionOf(kindOf(seed));
    const show = (one: { kind: string; what: string }): string => `${seed.apiVersion} ${one.kind}: ${one.what}`;
    await each(createCases(seed), (one) => ask(show(one), one));
    await quietly('POST', `${path}?fieldManager=maker`, seed);
    await each(updateCases(seed), (one) => ask(show(one), one));
    if (seed.kind !== 'Namespace') await quietly('DELETE', `${path}/${seed.metadata.name}?gracePeriodSeconds=0`);
  }
}
const short = (value: unknown): string => (value === undefined ? '-' : (JSON.stringify(value) ?? '').slice(0, 700));
const lines = found.flatMap(({ title, differences }) => [title, ...differences.slice(0, 12).map(({ path, theirs: x, ours: y }) => `    ${path}: ${short(x)}  |  ${short(y)}`)]);
if (values.out === undefined) process.stdout.write(`${lines.join('\n')}\n`);
else writeFileSync(values.out, `${lines.join('\n')}\n`);
process.stdout.write(`${asked} questions, ${found.length} answered differently\n`);
theirs.close();
ours.close();
