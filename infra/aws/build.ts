/** The code that the stack deploys, bundled into `.cache/bundles`. */
import { join } from 'node:path';
import { type Bundle, bundle } from '#infra/bundle/bundle.ts';
import { repositoryRoot } from '#infra/tools/tools.ts';
import { FUNCTIONS, type FunctionName } from './functions.ts';
import type { Code } from './stack.ts';

/** Functions that answer for OpenAPI. */
const DOCUMENTED: ReadonlySet<FunctionName> = new Set(['api']);

export async function buildFunction(name: FunctionName, folder = join(repositoryRoot, '.cache', 'bundles')): Promise<Bundle> {
  return bundle({ entry: `functions/${name}/index.ts`, directory: join(folder, name), documents: DOCUMENTED.has(name) });
}

export async function buildCode(folder = join(repositoryRoot, '.cache', 'bundles')): Promise<Code> {
  const built = await Promise.all(FUNCTIONS.map(async (name) => [name, (await buildFunction(name, folder)).directory] as const));
  const agent = await bundle({ entry: 'node-agent/main.ts', directory: join(folder, 'agent'), isFunction: false });
  return { functions: Object.fromEntries(built) as Record<FunctionName, string>, agent: agent.directory };
}
