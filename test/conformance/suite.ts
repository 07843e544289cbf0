/** The official end-to-end suite of Kubernetes, built from its Go modules once and kept in the user's cache. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const modules = join(import.meta.dirname, 'go');
const version = /k8s\.io\/kubernetes (v\S+)/.exec(readFileSync(join(modules, 'go.mod'), 'utf8'))![1]!;
const [major, minor] = version.slice(1).split('.') as [string, string];

interface Program {
  readonly name: string;
  readonly build: readonly string[];
}

const versioned = ['gitVersion', version, 'gitMajor', major, 'gitMinor', minor];
const flags = `-s -w ${[0, 2, 4].map((at) => `-X k8s.io/component-base/version.${versioned[at]}=${versioned[at + 1]}`).join(' ')}`;
const PROGRAMS: readonly Program[] = [
  { name: 'e2e.test', build: ['test', '-c', '-ldflags', flags, '-o', 'OUTPUT', 'k8s.io/kubernetes/test/e2e'] },
  { name: 'ginkgo', build: ['build', '-ldflags', '-s -w', '-o', 'OUTPUT', 'github.com/onsi/ginkgo/v2/ginkgo'] },
  { name: 'kubectl', build: ['build', '-ldflags', flags, '-o', 'OUTPUT', 'k8s.io/kubernetes/cmd/kubectl'] },
];

/** Not needed by the suite: for tests that put them on this API server. */
const COMPONENTS: readonly Program[] = ['kube-controller-manager', 'kube-scheduler'].map((name) => ({
  name,
  build: ['build', '-ldflags', flags, '-o', 'OUTPUT', `k8s.io/kubernetes/cmd/${name}`],
}));

/** Where the built programs are: `$CONFORMANCE_CACHE`, by default a folder of the user's cache. */
export function suiteFolder(env: NodeJS.ProcessEnv = process.env): string {
  const cache = env['CONFORMANCE_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache'), 'kubernetes-conformance');
  return join(cache, version, 'bin');
}

function isThere(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Builds what is missing (Go 1.26, about six minutes on two cores); throws with the reason where it cannot. */
export function buildSuite(say: (line: string) => void, components = false): string {
  const folder = suiteFolder();
  mkdirSync(folder, { recursive: true });
  for (const { name, build } of components ? [...PROGRAMS, ...COMPONENTS] : PROGRAMS) {
    const file = join(folder, name);
    if (isThere(file)) continue;
    say(`building ${name} of Kubernetes ${version} (minutes)`);
    const args = build.map((word) => (word === 'OUTPUT' ? `${file}.new` : word));
    const { status, error } = spawnSync('go', args, {
      cwd: modules,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false -mod=mod', GOWORK: 'off' },
    });
    if (error !== undefined) throw new Error(`Go 1.26 is needed to build the suite (https://go.dev/dl): ${error.message}`);
    if (status !== 0) throw new Error(`${name} was not built: its output is above`);
    // a build cut short leaves nothing that looks whole
    renameSync(`${file}.new`, file);
  }
  return folder;
}
