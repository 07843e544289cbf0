/**
 * `npm run differential -- [--part wire|objects] [--kind A,B] [--only TEXT] [--out FILE]`: the same requests to Kubernetes' own API server and to
 * this one, and what differs in the answers. Needs the programs etcd and kube-apiserver beside the conformance suite's.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { connection } from '../../cli/api/kubeconfig.ts';
import { testCluster } from '../helpers/cluster.ts';
import { suiteFolder } from '../conformance/suite.ts';
import { ask, type Found, report } from './run.ts';
import { startKubernetes } from '../helpers/kubernetes.ts';
import { sideOf } from './side.ts';

const { values } = parseArgs({ options: { part: { type: 'string' }, only: { type: 'string' }, kind: { type: 'string' }, out: { type: 'string' } } });
const kubernetes = await startKubernetes({ durable: false, accounts: true });
if (kubernetes === undefined) {
  process.stderr.write(`SKIPPED: etcd and kube-apiserver are not in ${suiteFolder()}\n`);
  process.exit(0);
}
const theirs = sideOf('kube-apiserver', kubernetes);
const cluster = testCluster(0, ['--without', 'controllers,scheduler']);
try {
  const started = await cluster.start();
  if (started.code !== 0) throw new Error(started.stderr);
  const { server, ca, cert, key } = connection({ kubeconfig: cluster.kubeconfig });
  const { hostname: host, port } = new URL(server);
  const ours = sideOf('paperplane', { host, port: Number(port), ca: ca!, cert: cert!, key: key! });
  const found: Found[] = [];
  const asked = await ask(
    { theirs, ours },
    { wire: values.part !== 'objects', objects: values.part !== 'wire', only: values.only ?? '', ...(values.kind === undefined ? {} : { kinds: values.kind.split(',') }) },
    found,
  );
  ours.close();
  const text = report(found);
  if (values.out === undefined) process.stdout.write(text);
  else writeFileSync(values.out, text);
  process.stdout.write(`${asked} questions, ${found.length} answered differently\n`);
} finally {
  await cluster.stop();
  theirs.close();
  await kubernetes.stop();
}
