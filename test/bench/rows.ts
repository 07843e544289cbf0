/** The rows of the bench, in the order they run in: each leaves behind what the next ones read. */
import { setTimeout as wait } from 'node:timers/promises';
import { asProtobuf, configMap, pod, PROTOBUF } from './bodies.ts';
import type { Client } from './http.ts';
import { type Figures, measure, usage } from './measure.ts';
import type { Outcome, Row, Subject } from './row.ts';
import { watchLatency } from './watchers.ts';

const CONFIG_MAPS = 8_000;
const PODS = 5_000;

const configMapsOf = ({ namespace }: Subject): string => `/api/v1/namespaces/${namespace}/configmaps`;
export const podsOf = ({ namespace }: Subject): string => `/api/v1/namespaces/${namespace}/pods`;
/** At least one client's worth of calls, however short the run. */
export const scaled = ({ size }: Subject, count: number): number => Math.max(4, Math.round(count * size));

export const create =
  (path: string, body: (name: string) => string, prefix: string, protobuf = false) =>
  async (client: Client, index: number): Promise<number> => {
    const text = body(`${prefix}${index}`);
    return (await (protobuf ? client.send('POST', path, asProtobuf(text), PROTOBUF) : client.send('POST', path, text))).status;
  };

const throughput = (figures: Figures): Outcome => ({
  text: `${Math.round(figures.perSecond).toLocaleString('en')}/s, p50 ${figures.p50.toFixed(1)} ms, p99 ${figures.p99.toFixed(0)} ms${cpu(figures)}`,
  failed: figures.failed,
});
const latency = (figures: Figures): Outcome => ({
  text: `p50 ${figures.p50.toFixed(figures.p50 < 10 ? 2 : 0)} ms, p99 ${figures.p99.toFixed(1)} ms${cpu(figures)}`,
  failed: figures.failed,
});
/** The server's processor time, and how many calls a second a core has room for at that. */
const cpu = ({ cpu: micros }: Figures): string =>
  micros === undefined || micros === 0
    ? ''
    : `, CPU ${micros < 10_000 ? `${Math.round(micros)} µs` : `${(micros / 1000).toFixed(0)} ms`}, ${Math.round(1e6 / micros).toLocaleString('en')}/s a core`;

/** Rows that read work alone too: what they read is made first, unmeasured. */
async function need(subject: Subject, what: 'configmaps' | 'pods'): Promise<void> {
  if (subject.made.has(what)) return;
  subject.made.add(what);
  if (what === 'configmaps') await measure(subject.target, scaled(subject, CONFIG_MAPS), 16, create(configMapsOf(subject), configMap, 'b'));
  else await measure(subject.target, scaled(subject, PODS), 16, create(podsOf(subject), pod, 'p'));
}

async function memory({ target }: Subject): Promise<Outcome> {
  const client = await target.client();
  try {
    const used = await usage(client);
    return { text: used === undefined ? 'not told' : `${Math.round(used.memory / (1 << 20))} MiB`, failed: 0 };
  } finally {
    client.close();
  }
}

/** Rows for any cluster. */
export const API_ROWS: readonly Row[] = [
  { id: 'memory-fresh', title: 'resident memory, fresh', kubernetes: '345 MiB', goal: '120 MiB', run: memory },
  {
    id: 'create-1',
    title: 'create 2 KB ConfigMap, 1 client',
    kubernetes: 'p50 1.8 ms',
    goal: 'p50 1 ms',
    run: async (subject) => latency(await measure(subject.target, scaled(subject, 1_000), 1, create(configMapsOf(subject), configMap, 'a', subject.protobuf))),
  },
  {
    id: 'create-64',
    title: 'create 2 KB ConfigMap, 64 clients',
    kubernetes: '1,393/s, p99 104 ms',
    goal: '2,800/s, p99 60 ms',
    async run(subject) {
      subject.made.add('configmaps');
      return throughput(await measure(subject.target, scaled(subject, CONFIG_MAPS), 64, create(configMapsOf(subject), configMap, 'b', subject.protobuf)));
    },
  },
  {
    id: 'create-pod',
    title: 'create Pod, 64 clients',
    kubernetes: '791 to 1,087/s',
    goal: '2,000/s',
    async run(subject) {
      subject.made.add('pods');
      return throughput(await measure(subject.target, scaled(subject, PODS), 64, create(podsOf(subject), pod, 'p', subject.protobuf)));
    },
  },
  {
    id: 'get',
    title: 'get, 64 clients',
    kubernetes: '2,619/s',
    goal: '5,200/s',
    async run(subject) {
      await need(subject, 'configmaps');
      const path = configMapsOf(subject);
      const names = scaled(subject, CONFIG_MAPS);
      return throughput(await measure(subject.target, scaled(subject, 15_000), 64, async (client, index) => (await client.send('GET', `${path}/b${index % names}`)).status));
    },
  },
  {
    id: 'patch',
    title: 'merge patch, 64 clients',
    kubernetes: '1,109/s',
    goal: '2,000/s',
    async run(subject) {
      await need(subject, 'configmaps');
      const path = configMapsOf(subject);
      const one = async (client: Client, index: number): Promise<number> =>
        (await client.send('PATCH', `${path}/b${index}`, `{"metadata":{"labels":{"x":"${index}"}}}`, 'application/merge-patch+json')).status;
      return throughput(await measure(subject.target, scaled(subject, 6_000), 64, one));
    },
  },
  {
    id: 'apply',
    title: 'server-side apply, 16 clients',
    kubernetes: '993/s',
    goal: '1,500/s',
    async run(subject) {
      const path = configMapsOf(subject);
      // each object is applied twice: made, then found as it should be
      const names = Math.ceil(scaled(subject, 3_000) / 2);
      const one = async (client: Client, index: number): Promise<number> => {
        const name = `s${index % names}`;
        return (await client.send('PATCH', `${path}/${name}?fieldManager=bench&force=true`, configMap(name), 'application/apply-patch+yaml')).status;
      };
      return throughput(await measure(subject.target, 2 * names, 16, one));
    },
  },
  {
    id: 'list',
    title: 'list 5,000 pods',
    kubernetes: '119 ms',
    goal: '60 ms',
    async run(subject) {
      await need(subject, 'pods');
      return latency(await measure(subject.target, scaled(subject, 20), 1, async (client) => (await client.send('GET', podsOf(subject))).status));
    },
  },
  {
    id: 'page',
    title: 'page of 500 pods, 4 clients',
    kubernetes: '105/s',
    goal: '300/s',
    async run(subject) {
      await need(subject, 'pods');
      return throughput(await measure(subject.target, scaled(subject, 800), 4, async (client) => (await client.send('GET', `${podsOf(subject)}?limit=500`)).status));
    },
  },
  {
    id: 'pages',
    title: '5,000 pods by pages of 500 (`continue`), 4 clients',
    kubernetes: 'not measured',
    goal: '300/s',
    async run(subject) {
      await need(subject, 'pods');
      const next = nextPage(podsOf(subject));
      return throughput(await measure(subject.target, scaled(subject, 400), 4, next));
    },
  },
  { id: 'watch', title: '500 watchers, 50 small writes/s: sent to received', kubernetes: 'p50 10 ms, p99 26 ms', goal: 'p50 5 ms, p99 13 ms', run: watchLatency },
  {
    id: 'delete',
    title: 'delete ConfigMap, 64 clients',
    kubernetes: 'not measured',
    goal: '2,000/s',
    async run(subject) {
      await need(subject, 'configmaps');
      const path = configMapsOf(subject);
      subject.made.delete('configmaps');
      return throughput(await measure(subject.target, scaled(subject, CONFIG_MAPS), 64, async (client, index) => (await client.send('DELETE', `${path}/b${index}`)).status));
    },
  },
  {
    id: 'memory-after',
    title: 'resident memory after the run',
    kubernetes: '944 MiB',
    goal: '250 MiB',
    async run(subject) {
      // what a run leaves to the garbage collector goes in the first quiet moments
      await wait(subject.size < 1 ? 0 : 10_000);
      return memory(subject);
    },
  },
];

/** Each client walks from the first page to the last, and begins again. */
function nextPage(path: string): (client: Client) => Promise<number> {
  const tokens = new Map<Client, string>();
  return async (client) => {
    const token = tokens.get(client) ?? '';
    const { status, text } = await client.send('GET', `${path}?limit=500${token === '' ? '' : `&continue=${token}`}`, undefined, undefined, true);
    tokens.set(client, /"continue": ?"([^"]+)"/.exec(text.slice(0, 1_000))?.[1] ?? '');
    return status;
  };
}
