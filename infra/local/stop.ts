/** `npm stop`. */
import { existsSync } from 'node:fs';
import { clusterFiles } from './cluster.ts';
import { stopOptions } from './options.ts';
import { stopCluster } from './stop-cluster.ts';

try {
  const options = stopOptions(process.argv.slice(2));
  if ('help' in options) process.stdout.write(`${options.help}\n`);
  else {
    const files = clusterFiles(options.dataDir);
    if (!existsSync(files.root)) throw new Error(`there is no cluster ${options.name} in ${files.root}`);
    await stopCluster(files, options.name, options);
    process.stdout.write(options.purge ? `${options.name} is stopped and gone\n` : `${options.name} is stopped; its state is in ${files.root}\n`);
  }
} catch (error) {
  process.stderr.write(`paperplane: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
