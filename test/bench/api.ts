/**
 * `npm run bench -- KUBECONFIG...`: the API rows against any cluster, one after the other in the same run, so that two Kubernetes can be compared on one
 * machine. JSON bodies over HTTPS with client certificates; the load comes from this one process.
 */
import { Agent, request } from 'node:https';
import { connection } from '../../cli/api/kubeconfig.ts';

type Call = (method: string, path: string, body?: string, type?: string) => Promise<number>;

const NAMESPACE = `bench-${process.pid}`;
const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const MAX_CLIENTS = 64;
/** The service account of a new namespace is made within a moment; pods cannot be created before. */
const ACCOUNT_LIMIT_MS = 10_000;

function caller(kubeconfig: string): { readonly call: Call; close(): void } {
  const access = connection({ kubeconfig });
  const url = new URL(access.server);
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CLIENTS, ca: access.ca, cert: access.cert, key: access.key });
  return {
    call: (method, path, body, type = 'application/json') =>
      new Promise((resolve, reject) => {
        const headers = {
          ...(body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
          ...(access.token === undefined ? {} : { authorization: `Bearer ${access.token}` }),
        };
        const sent = request({ host: url.hostname, port: url.port, path, method, agent, headers }, (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode ?? 0));
        });
        sent.on('error', reject);
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}

const configMap = (name: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { key: 'x'.repeat(1800) } });
const pod = (name: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench' } },
    spec: {
      schedulerName: 'nobody',
      containers: [
        {
          name: 'c',
          image: 'example/bench:1',
          ports: [{ containerPort: 80 }],
          env: Array.from({ length: 10 }, (_, index) => ({ name: `V${index}`, value: `value ${index}` })),
          resources: { requests: { cpu: '100m', memory: '64Mi' } },
        },
      ],
    },
  });

async function row(name: string, count: number, clients: number, one: (index: number) => Promise<number>): Promise<void> {
  const times: number[] = [];
  let next = 0;
  let refused = 0;
  const began = performance.now();
  const client = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const at = performance.now();
      if ((await one(index)) >= 300) refused++;
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(2);
  process.stdout.write(`| ${name} | ${Math.round(count / seconds)} | ${at(0.5)} | ${at(0.99)} |${refused === 0 ? '' : ` ${refused} refused |`}\n`);
}

async function bench(kubeconfig: string): Promise<void> {
  const { call, close } = caller(kubeconfig);
  process.stdout.write(`\n${kubeconfig}\n\n| row | per second | p50 ms | p99 ms |\n|---|---|---|---|\n`);
  try {
    await call('POST', '/api/v1/namespaces', JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }));
    for (const end = Date.now() + ACCOUNT_LIMIT_MS; (await call('GET', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default`)) !== 200 && Date.now() < end;);
    await row('warm-up', 500, 8, (index) => call('POST', CONFIG_MAPS, configMap(`w${index}`)));
    await row('create 2 KB ConfigMap, 1 client', 1000, 1, (index) => call('POST', CONFIG_MAPS, configMap(`a${index}`)));
    await row('create 2 KB ConfigMap, 64 clients', 8000, 64, (index) => call('POST', CONFIG_MAPS, configMap(`b${index}`)));
    await row('create Pod, 64 clients', 5000, 64, (index) => call('POST', PODS, pod(`p${index}`)));
    await row('get, 64 clients', 15_000, 64, (index) => call('GET', `${CONFIG_MAPS}/b${index % 8000}`));
    await row('merge patch, 64 clients', 6000, 64, (index) =>
      call('PATCH', `${CONFIG_MAPS}/b${index}`, `{"metadata":{"labels":{"x":"${index}"}}}`, 'application/merge-patch+json'),
    );
    await row('server-side apply, 16 clients', 3000, 16, (index) =>
      call('PATCH', `${CONFIG_MAPS}/s${index % 1500}?fieldManager=bench&force=true`, configMap(`s${index % 1500}`), 'application/apply-patch+yaml'),
    );
    await row('list 5,000 pods', 10, 1, () => call('GET', PODS));
    await row('page of 500 pods, 4 clients', 400, 4, () => call('GET', `${PODS}?limit=500`));
  } finally {
    await call('DELETE', `/api/v1/namespaces/${NAMESPACE}`);
    close();
  }
}

const kubeconfigs = process.argv.slice(2);
if (kubeconfigs.length === 0) {
  process.stderr.write('Usage: npm run bench -- KUBECONFIG [KUBECONFIG...]\n');
  process.exitCode = 2;
}
for (const kubeconfig of kubeconfigs) await bench(kubeconfig);
