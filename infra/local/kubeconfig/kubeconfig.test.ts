import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { defaultKubeconfig, KubeconfigError, removeAccess, writeAccess } from './kubeconfig.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const access = (name: string) => ({ name, server: 'https://127.0.0.1:6443', caPem: 'ca', certPem: 'cert', keyPem: 'key' });

test('a new file holds the cluster, its user and the current context, for the owner alone', async () => {
  const file = join(directory, 'deep', 'config');
  await writeAccess(file, access('paperplane'));
  const config = parse(readFileSync(file, 'utf8'));
  expect(config).toMatchObject({ apiVersion: 'v1', kind: 'Config', 'current-context': 'paperplane' });
  expect(config.clusters).toEqual([{ name: 'paperplane', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': 'Y2E=' } }]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("another cluster's entries, comments and unknown fields stay", async () => {
  const file = join(directory, 'config');
  writeFileSync(
    file,
    '# mine\napiVersion: v1\nkind: Config\npreferences: {colors: true}\nclusters:\n- name: work\n  cluster: {server: https://work}\nusers: []\ncontexts:\n- name: work\n  context: {cluster: work, user: me}\ncurrent-context: work\n',
  );
  await writeAccess(file, access('a'));
  await writeAccess(file, access('a'));
  await removeAccess(file, 'a');
  const text = readFileSync(file, 'utf8');
  const config = parse(text);
  expect(text).toContain('# mine');
  expect(config.preferences).toEqual({ colors: true });
  expect(config.clusters).toEqual([{ name: 'work', cluster: { server: 'https://work' } }]);
  expect(config['current-context']).toBe('work');
});

test('writers at the same time do not lose each other', async () => {
  const file = join(directory, 'config');
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => writeAccess(file, access(name))));
  expect(
    parse(readFileSync(file, 'utf8'))
      .clusters.map((cluster: { name: string }) => cluster.name)
      .toSorted(),
  ).toEqual(['a', 'b', 'c', 'd']);
});

test('a file that is not YAML is refused and left as it is', async () => {
  const file = join(directory, 'config');
  writeFileSync(file, 'clusters: [');
  await expect(writeAccess(file, access('a'))).rejects.toThrow(KubeconfigError);
  expect(readFileSync(file, 'utf8')).toBe('clusters: [');
});

test('$KUBECONFIG decides where to write', () => {
  expect(defaultKubeconfig({ KUBECONFIG: ':/x:/y', HOME: '/h' })).toBe('/x');
  expect(defaultKubeconfig({ HOME: '/h' })).toBe('/h/.kube/config');
});
