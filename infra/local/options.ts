/** The options of `npm start` and `npm stop`, checked before anything is touched. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ACCESS_FLAGS, ACCESS_USAGE, type AccessOptions, accessOptions } from './access/options.ts';
import { type Part, PARTS } from './cluster.ts';

export const DEFAULT_NAME = 'paperplane';
export const DEFAULT_NODES = 2;
export const DEFAULT_PORT = 6443;
const MAX_NODES = 100;
const MAX_SIMULATED_NODES = 5000;
/** Part of container, bridge and file names. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/;

export class UsageError extends Error {
  readonly code = 'USAGE';
}

export interface StartOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly detach: boolean;
  /** Absent: as many as the cluster had, or the default. */
  readonly nodes: number | undefined;
  readonly simulatedNodes: number | undefined;
  /** Absent: as the cluster was, or nothing. */
  readonly without: readonly Part[] | undefined;
  /** Absent: the port the cluster had, or the default, or any free one. */
  readonly port: number | undefined;
  /** Absent: merged into the user's own. */
  readonly kubeconfig: string | undefined;
  /** Absent: as the cluster had it. */
  readonly access: AccessOptions | undefined;
}

export interface StopOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly purge: boolean;
}

const START_USAGE = `Usage: npm start -- [options]
  --detach                return when the cluster is ready; without it Ctrl-C stops the cluster
  --nodes N               nodes on this machine's Docker (${DEFAULT_NODES})
  --simulated-nodes N     nodes whose containers are simulated (0)
  --without PARTS         leave ${PARTS.join(' or ')} (or both, with a comma) to programs of your own
  --name NAME             name of the cluster and of its kubeconfig context (${DEFAULT_NAME})
  --data-dir DIR          where its state lives (~/.local/share/paperplane/NAME)
  --port PORT             of the API server (${DEFAULT_PORT}, or a free one)
  --kubeconfig FILE       write FILE instead of merging into $KUBECONFIG or ~/.kube/config
${ACCESS_USAGE}`;
const STOP_USAGE = `Usage: npm stop -- [options]
  --name NAME             the cluster to stop (${DEFAULT_NAME})
  --data-dir DIR          where its state lives, if it was started with one
  --purge                 remove its state too`;

function number(text: string | undefined, option: string, max: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text) || Number(text) > max) throw new UsageError(`--${option} takes a number from 0 to ${max}, not ${JSON.stringify(text)}`);
  return Number(text);
}

function partsOf(text: string | undefined): readonly Part[] | undefined {
  if (text === undefined) return undefined;
  return text.split(',').map((word) => {
    const part = PARTS.find((one) => one === word);
    if (part === undefined) throw new UsageError(`--without takes ${PARTS.join(' and ')}, not ${JSON.stringify(word)}`);
    return part;
  });
}

function nameOf(text: string | undefined): string {
  const name = text ?? DEFAULT_NAME;
  if (!NAME.test(name)) throw new UsageError(`--name takes up to 30 lower case letters, digits and hyphens, not ${JSON.stringify(name)}`);
  return name;
}

export const defaultDataDir = (name: string, env: NodeJS.ProcessEnv = process.env): string =>
  join(env['XDG_DATA_HOME'] || join(env['HOME'] || homedir(), '.local', 'share'), 'paperplane', name);

const dataDirOf = (text: string | undefined, name: string, env: NodeJS.ProcessEnv): string =>
  text === undefined ? defaultDataDir(name, env) : resolve(env['INIT_CWD'] ?? '.', text);

function parse<T extends Record<string, { type: 'string' | 'boolean' }>>(args: readonly string[], options: T, usage: string) {
  try {
    const { values } = parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean', short: 'h' } }, allowPositionals: false });
    return values as Readonly<Record<string, string | boolean | undefined>>;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`);
  }
}

const text = (value: string | boolean | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

/** `undefined` where help was asked for; the caller prints `usage`. */
export function startOptions(args: readonly string[], env: NodeJS.ProcessEnv = process.env): StartOptions | { readonly help: string } {
  const values = parse(
    args,
    {
      detach: { type: 'boolean' },
      nodes: { type: 'string' },
      'simulated-nodes': { type: 'string' },
      without: { type: 'string' },
      name: { type: 'string' },
      'data-dir': { type: 'string' },
      port: { type: 'string' },
      kubeconfig: { type: 'string' },
      ...ACCESS_FLAGS,
    },
    START_USAGE,
  );
  if (values['help'] === true) return { help: START_USAGE };
  const name = nameOf(text(values['name']));
  const port = number(text(values['port']), 'port', 65535);
  const kubeconfig = text(values['kubeconfig']);
  const access = accessOptions(values, env);
  if (typeof access === 'string') throw new UsageError(access);
  return {
    name,
    dataDir: dataDirOf(text(values['data-dir']), name, env),
    detach: values['detach'] === true,
    nodes: number(text(values['nodes']), 'nodes', MAX_NODES),
    simulatedNodes: number(text(values['simulated-nodes']), 'simulated-nodes', MAX_SIMULATED_NODES),
    without: partsOf(text(values['without'])),
    port: port === 0 ? undefined : port,
    kubeconfig: kubeconfig === undefined ? undefined : resolve(env['INIT_CWD'] ?? '.', kubeconfig),
    access,
  };
}

export function stopOptions(args: readonly string[], env: NodeJS.ProcessEnv = process.env): StopOptions | { readonly help: string } {
  const values = parse(args, { name: { type: 'string' }, 'data-dir': { type: 'string' }, purge: { type: 'boolean' } }, STOP_USAGE);
  if (values['help'] === true) return { help: STOP_USAGE };
  const name = nameOf(text(values['name']));
  return { name, dataDir: dataDirOf(text(values['data-dir']), name, env), purge: values['purge'] === true };
}
