/** What users type at kubectl, verb by verb, on one small cluster of simulated nodes: a scenario is a few commands and what each of them says. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ran, run, tool } from '#infra/tools/tools.ts';
import { testCluster } from '../helpers/cluster.ts';

const cluster = testCluster(0, ['--simulated-nodes', '2']);
const files = mkdtempSync(join(tmpdir(), 'paperplane-kubectl-'));

/** A command line without quotes to think about, what it says (all of standard output, or what it holds), and how it ends where not with 0. */
type Step = readonly [command: string, says: string | RegExp, code?: number];
interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
}

const yaml = (name: string, ...objects: readonly object[]): void => writeFileSync(join(files, name), objects.map((object) => JSON.stringify(object)).join('\n---\n'));
const configMap = (name: string, data: Readonly<Record<string, string>>, labels?: object): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...(labels === undefined ? {} : { labels }) },
  data,
});

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'apply: created, unchanged, configured, its last word kept, pruned by selector, on the server',
    steps: [
      ['apply -f FILES/one.yaml', 'configmap/one created\n'],
      ['apply -f FILES/one.yaml', 'configmap/one unchanged\n'],
      ['apply -f FILES/one-changed.yaml', 'configmap/one configured\n'],
      ['get cm one -o jsonpath={.data}', '{"b":"2"}'],
      ['apply view-last-applied cm/one -o json', /"b": "2"/],
      ['diff -f FILES/one.yaml', /^-\s+b: "2"$/m, 1],
      ['diff -f FILES/one-changed.yaml', ''],
      ['apply -f FILES/two.yaml --dry-run=server', 'configmap/two created (server dry run)\n'],
      ['apply -f FILES/two.yaml --prune -l set=x --prune-allowlist=core/v1/ConfigMap', 'configmap/two created\nconfigmap/one pruned\n'],
      ['apply --server-side -f FILES/two.yaml --field-manager=other', 'configmap/two serverside-applied\n'],
      ['apply --server-side -f FILES/two-changed.yaml --field-manager=third', '', 1],
      ['apply --server-side -f FILES/two-changed.yaml --field-manager=third --force-conflicts', 'configmap/two serverside-applied\n'],
      ['delete -f FILES/two.yaml', 'configmap "two" deleted from default namespace\n'],
    ],
  },
  {
    name: 'create: every generator',
    steps: [
      ['create ns made', 'namespace/made created\n'],
      ['create cm c --from-literal=a=1 --from-file=FILES/folder', 'configmap/c created\n'],
      ['get cm c -o jsonpath={.data}', '{"a":"1","x":"ex\\n","y":"why\\n"}'],
      ['create cm e --from-env-file=FILES/env', 'configmap/e created\n'],
      ['create secret generic s --from-literal=p=q --type=example.com/t', 'secret/s created\n'],
      ['create secret docker-registry r --docker-username=u --docker-password=p --docker-email=e', 'secret/r created\n'],
      ['create deployment d --image=i --replicas=2 --port=80', 'deployment.apps/d created\n'],
      ['create svc clusterip ci --tcp=80:8080', 'service/ci created\n'],
      ['create svc nodeport np --tcp=80', 'service/np created\n'],
      ['create svc externalname en --external-name=example.com', 'service/en created\n'],
      ['create svc loadbalancer lb --tcp=80', 'service/lb created\n'],
      ['create quota q --hard=pods=20,services=20', 'resourcequota/q created\n'],
      ['create sa a', 'serviceaccount/a created\n'],
      ['create token a --duration=10m', /^ey[\w-]+\.ey[\w-]+\.[\w-]+\n?$/],
      ['create role ro --verb=get,list --resource=pods,deployments.apps', 'role.rbac.authorization.k8s.io/ro created\n'],
      ['create rolebinding rb --role=ro --serviceaccount=default:a', 'rolebinding.rbac.authorization.k8s.io/rb created\n'],
      ['create clusterrole cr --verb=get --non-resource-url=/healthz', 'clusterrole.rbac.authorization.k8s.io/cr created\n'],
      ['create clusterrolebinding crb --clusterrole=cr --user=jane', 'clusterrolebinding.rbac.authorization.k8s.io/crb created\n'],
      ['create pdb pdb --selector=app=d --min-available=1', 'poddisruptionbudget.policy/pdb created\n'],
      ['create priorityclass pc --value=7 --description=seven', 'priorityclass.scheduling.k8s.io/pc created\n'],
      ['create ingress in --rule=example.com/a*=ci:80', 'ingress.networking.k8s.io/in created\n'],
      ['create cronjob cj --image=i --schedule=@yearly', 'cronjob.batch/cj created\n'],
      ['create job j --from=cronjob/cj', 'job.batch/j created\n'],
      ['create -f FILES/one.yaml -f FILES/two.yaml', 'configmap/one created\nconfigmap/two created\n'],
      ['create -f FILES/one.yaml', '', 1],
      ['replace --force -f FILES/one.yaml', /configmap "one" deleted.*\nconfigmap\/one replaced\n/],
      ['create -R -f FILES/deep --dry-run=server', 'configmap/below created (server dry run)\nconfigmap/deep created (server dry run)\n'],
    ],
  },
  {
    name: 'who may what',
    steps: [
      ['auth can-i list pods', 'yes\n'],
      ['auth can-i list pods --as=system:serviceaccount:default:a', 'yes\n'],
      ['auth can-i delete pods --as=system:serviceaccount:default:a', 'no\n', 1],
      ['auth can-i get /healthz --as=jane', 'yes\n'],
      ['auth can-i --list --as=system:serviceaccount:default:a', /pods +\[\] +\[\] +\[get list\]/],
      ['create rolebinding viewers --clusterrole=view --user=viewer', 'rolebinding.rbac.authorization.k8s.io/viewers created\n'],
      // so that `kubectl top pods` is for whoever may see pods
      ['auth can-i list pods.metrics.k8s.io --as=viewer', 'yes\n'],
      ['auth whoami', /Username +kubernetes-admin/],
      ['auth whoami --as=jane --as-group=devs -o jsonpath={.status.userInfo.groups}', '["devs","system:authenticated"]'],
      ['auth reconcile -f FILES/role.yaml', 'role.rbac.authorization.k8s.io/ro reconciled\n'],
      ['get secrets --as=jane', '', 1],
    ],
  },
  {
    name: 'labels, annotations, patches, setters and scale',
    steps: [
      ['label cm one a=1', 'configmap/one labeled\n'],
      ['label cm one a=2', '', 1],
      ['label cm one a=2 --overwrite', 'configmap/one labeled\n'],
      ['label cm one a-', 'configmap/one unlabeled\n'],
      ['label cm one --list', 'set=x\n'],
      ['annotate cm -l set=x note=here', 'configmap/one annotated\nconfigmap/two annotated\n'],
      ['annotate cm one note-', 'configmap/one annotated\n'],
      ['patch cm one -p {"data":{"z":"9"}}', 'configmap/one patched\n'],
      ['patch cm one --type=json -p [{"op":"remove","path":"/data/z"}]', 'configmap/one patched\n'],
      ['patch cm one --type=merge -p {"data":{"a":null}}', 'configmap/one patched\n'],
      ['patch deploy d --subresource=scale --type=merge -p {"spec":{"replicas":1}}', 'scale.autoscaling/d patched\n'],
      ['set image deploy/d i=j', 'deployment.apps/d image updated\n'],
      ['set env deploy/d A=b', 'deployment.apps/d env updated\n'],
      ['set env deploy/d --list', /^A=b$/m],
      ['set env deploy/d --from=cm/one --prefix=P_', /deployment.apps\/d env updated\n|^$/],
      ['set resources deploy/d --limits=cpu=1', 'deployment.apps/d resource requirements updated\n'],
      ['set sa deploy/d a', 'deployment.apps/d serviceaccount updated\n'],
      ['set selector svc/ci k=v', 'service/ci selector updated\n'],
      ['set subject rolebinding rb --user=jane', 'rolebinding.rbac.authorization.k8s.io/rb subjects updated\n'],
      ['scale deploy/d --replicas=3 --current-replicas=9', '', 1],
      ['scale deploy/d --replicas=2', 'deployment.apps/d scaled\n'],
      ['autoscale deploy d --max=4 --cpu=50%', 'horizontalpodautoscaler.autoscaling/d autoscaled\n'],
      ['expose deploy d --port=80 --name=ex', 'service/ex exposed\n'],
    ],
  },
  {
    name: 'rollouts',
    steps: [
      ['rollout status deploy/d --timeout=60s', /deployment "d" successfully rolled out\n$/],
      ['rollout history deploy/d', /^deployment.apps\/d/],
      ['rollout pause deploy/d', 'deployment.apps/d paused\n'],
      ['rollout restart deploy/d', '', 1],
      ['rollout resume deploy/d', 'deployment.apps/d resumed\n'],
      ['rollout restart deploy/d', 'deployment.apps/d restarted\n'],
      ['rollout undo deploy/d', 'deployment.apps/d rolled back\n'],
      ['rollout undo deploy/d --to-revision=99', '', 1],
    ],
  },
  {
    name: 'reading: forms of output, order, pages, raw, explain, discovery, what it dumps',
    steps: [
      ['get cm one two -o name', 'configmap/one\nconfigmap/two\n'],
      ['get cm --sort-by=.metadata.name -l set=x -o custom-columns=N:.metadata.name --chunk-size=1', 'N\none\ntwo\n'],
      ['get cm one -o go-template={{.metadata.name}}', 'one'],
      ['get cm one -o jsonpath-as-json={.metadata.name}', '[\n    "one"\n]\n'],
      ['get cm one nothing', /^NAME .*\none /, 1],
      ['get cm nothing --ignore-not-found', ''],
      ['get deploy d --subresource=scale -o jsonpath={.kind}', 'Scale'],
      ['get deploy,svc -o wide', /deployment.apps\/d .*\n[^]*service\/ci/],
      ['get cm one --show-labels --no-headers', /set=x\n$/],
      ['get cm -A -L set', /NAMESPACE +NAME +DATA +AGE +SET/],
      ['get --raw /version', /"gitVersion": *"v1\.36/],
      ['get nonsense', '', 1],
      ['describe deploy d', /^Name: +d\n/],
      ['describe quota q', /pods +\d+ +20/],
      ['explain pod.spec.containers.ports', /containerPort\t<integer> -required-/],
      ['explain deploy --recursive', /replicas\t<integer>/],
      ['api-versions', /^apps\/v1$/m],
      ['api-resources --api-group=apps -o name', /^daemonsets.apps$/m],
      ['cluster-info', /control plane.*is running at.*https:/],
      ['cluster-info dump --namespaces=made', /"kind": "NodeList"/],
      ['version -o json', /"major": "1"/],
      ['events --types=Normal --for=deployment/d', /ScalingReplicaSet/],
      ['kustomize FILES/kustom', /name: pre-one/],
      ['apply -k FILES/kustom', 'configmap/pre-one created\n'],
    ],
  },
  {
    name: 'nodes',
    steps: [
      ['cordon simulated-1', 'node/simulated-1 cordoned\n'],
      ['get node simulated-1 --no-headers', /Ready,SchedulingDisabled/],
      ['uncordon simulated-1', 'node/simulated-1 uncordoned\n'],
      ['taint node simulated-1 k=v:NoSchedule', 'node/simulated-1 tainted\n'],
      ['taint node simulated-1 k:NoSchedule-', 'node/simulated-1 untainted\n'],
      ['drain simulated-1 --dry-run=server', /node\/simulated-1 drained \(server dry run\)\n$/],
      ['drain simulated-1 --force --ignore-daemonsets --timeout=60s', /node\/simulated-1 drained\n$/],
      ['uncordon simulated-1', 'node/simulated-1 uncordoned\n'],
    ],
  },
  {
    name: 'pods, waits and deletes',
    steps: [
      ['run p --image=i --labels=t=p --env=A=b', 'pod/p created\n'],
      ['wait pod/p --for=condition=Ready --timeout=60s', 'pod/p condition met\n'],
      ['wait pod -l t=p --for=jsonpath={.status.phase}=Running --timeout=30s', 'pod/p condition met\n'],
      ['wait pod/p --for=create', 'pod/p condition met\n'],
      ['wait pod/p --for=condition=Nonsense --timeout=1s', '', 1],
      ['debug p --image=j -c dbg --attach=false', /^$|Defaulting/],
      ['get pod p -o jsonpath={.spec.ephemeralContainers[0].name}', 'dbg'],
      ['delete pod p --wait=false --dry-run=server', /pod "p" deleted.*\(server dry run\)\n/],
      ['delete pod p --now', /pod "p" deleted/],
      ['wait pod/p --for=delete --timeout=30s', /^$|condition met/],
      ['delete deploy d --cascade=orphan', /deployment.apps "d" deleted/],
      ['get rs -l app=d -o jsonpath={.items[*].metadata.ownerReferences}', ''],
      ['delete rs,pods -l app=d --grace-period=0 --force', /replicaset.apps "d-\w+" force deleted/],
      ['delete cm --field-selector=metadata.name=one', /^configmap "one" deleted[^\n]*\n$/],
      ['delete nothing.example.com x', '', 1],
    ],
  },
];

const call = (layer: string, line: string): Promise<Ran> =>
  run(
    tool('kubectl', layer),
    line
      .replaceAll('FILES', files)
      .split(' ')
      .filter((word) => word !== ''),
    { env: { KUBECONFIG: cluster.kubeconfig, HOME: files, KUBE_EDITOR: join(files, 'editor') } },
  );

describe('kubectl', () => {
  beforeAll(async () => {
    yaml('one.yaml', configMap('one', { a: '1' }, { set: 'x' }));
    yaml('one-changed.yaml', configMap('one', { b: '2' }, { set: 'x' }));
    yaml('two.yaml', configMap('two', { a: '1' }, { set: 'x' }));
    yaml('two-changed.yaml', configMap('two', { a: '3' }));
    yaml('role.yaml', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'ro', namespace: 'default' },
      rules: [{ apiGroups: [''], resources: ['services'], verbs: ['get'] }],
    });
    for (const folder of ['folder', 'kustom', 'deep/below']) mkdirSync(join(files, folder), { recursive: true });
    writeFileSync(join(files, 'folder', 'x'), 'ex\n');
    writeFileSync(join(files, 'folder', 'y'), 'why\n');
    writeFileSync(join(files, 'env'), '# said\nA=1\nB=two words\n');
    yaml('deep/deep.yaml', configMap('deep', {}));
    yaml('deep/below/below.yaml', configMap('below', {}));
    yaml('kustom/one.yaml', configMap('one', { a: '1' }));
    writeFileSync(join(files, 'kustom', 'kustomization.yaml'), 'namePrefix: pre-\nresources: [one.yaml]\n');
    writeFileSync(join(files, 'editor'), '#!/bin/sh\nsed -i "s/why/because/" "$1"\n', { mode: 0o755 });
    expect((await cluster.start()).code).toBe(0);
  }, 200_000);
  afterAll(async () => {
    await cluster.stop();
    rmSync(files, { recursive: true, force: true });
  }, 60_000);

  for (const { name, steps } of SCENARIOS)
    test(name, async () => {
      for (const [line, says, code = 0] of steps) {
        const ran = await call('v36', line);
        expect({ line, code: ran.code, stderr: code === 0 && ran.code !== 0 ? ran.stderr : '' }).toEqual({ line, code, stderr: '' });
        if (typeof says === 'string') expect(ran.stdout, line).toBe(says);
        else expect(ran.stdout, line).toMatch(says);
        if (code !== 0 && says === '') expect(ran.stderr, line).not.toBe('');
      }
    });

  test('edit: a scripted editor changes what it is shown', async () => {
    expect((await call('v36', 'edit cm c')).stdout).toBe('configmap/c edited\n');
    expect((await call('v36', 'get cm c -o jsonpath={.data.y}')).stdout).toBe('because\n');
    expect((await call('v36', 'edit cm c')).stderr).toContain('Edit cancelled, no changes made');
  });

  test('the same words from a kubectl of three releases before', async () => {
    for (const [line, says] of [
      ['create cm old --from-literal=a=1', 'configmap/old created\n'],
      ['apply --server-side --force-conflicts -f FILES/one.yaml', 'configmap/one serverside-applied\n'],
      ['get cm old -o name', 'configmap/old\n'],
      ['delete cm old one --wait', /configmap "old" deleted/],
    ] as const)
      expect((await call('v33', line)).stdout, line).toMatch(says);
  });
});
