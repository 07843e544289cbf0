/**
 * Prints what a local cluster is made of as one line of JSON (`LocalCluster`), for the command line: it may not import this room. Takes the
 * options --name and --data-dir of `npm stop`; exit status 1 with a reason where there is no such cluster.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { clusterFiles, readState } from './cluster.ts';
import { stopOptions } from './options.ts';
import { guard, program, supervisor, type ProgramFiles } from './processes/processes.ts';

function programOf(name: string, at: ProgramFiles & { readonly config: string }): object {
  const pid = program(at, at.config);
  const keeper = supervisor(at);
  const second = guard(at);
  return {
    name,
    logFile: at.logFile,
    ...(pid === undefined ? {} : { pid }),
    ...(keeper === undefined ? {} : { supervisor: keeper }),
    ...(second === undefined ? {} : { guard: second }),
  };
}

try {
  const options = stopOptions(process.argv.slice(2));
  if ('help' in options) throw new Error(options.help);
  const files = clusterFiles(options.dataDir);
  const state = readState(files);
  if (state === undefined) throw new Error(`there is no cluster ${options.name} in ${files.root}: npm start makes one`);
  const nodes = join(files.root, 'nodes');
  const agents = existsSync(nodes) ? readdirSync(nodes).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })) : [];
  process.stdout.write(
    `${JSON.stringify({
      name: state.name,
      dataDir: files.root,
      kubeconfig: state.kubeconfig,
      server: `https://127.0.0.1:${state.port}`,
      access: { caFile: join(files.pki, 'ca.crt'), certFile: join(files.pki, 'admin.crt'), keyFile: join(files.pki, 'admin.key') },
      programs: [programOf('control-plane', files.controlPlane), ...agents.map((agent) => programOf(agent, files.agent(agent)))],
    })}\n`,
  );
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
