/** What was deployed, read back from the emulator: each function's code and settings, and what is mapped to it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { GetFunctionCommand, type LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { unzip } from '#infra/tools/unzip.ts';
import type { FunctionSpec } from '../gateway/lambda/spec.ts';

export interface DeployedMapping {
  readonly functionName: string;
  readonly sourceArn: string;
  readonly batchSize: number;
  readonly filters: readonly string[];
  readonly retries: number;
}

/** Unpacks a zip; names that lead out of the folder are refused. */
function unpack(zip: Uint8Array, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const archive = `${folder}.zip`;
  writeFileSync(archive, zip);
  for (const [name, bytes] of unzip(archive, (entry) => !entry.endsWith('/'))) {
    if (normalize(name).startsWith('..') || name.startsWith('/')) throw new Error(`${name} leads out of the archive`);
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  rmSync(archive);
}

export async function deployedFunction(lambda: LambdaClient, name: string, codeFolder: string, environment: Readonly<Record<string, string>>): Promise<FunctionSpec> {
  const { Configuration: configuration, Code: code } = await lambda.send(new GetFunctionCommand({ FunctionName: name }));
  const answer = await fetch(code?.Location ?? '', { signal: AbortSignal.timeout(30_000) });
  if (!answer.ok) throw new Error(`the code of ${name} cannot be read: ${answer.status}`);
  const directory = join(codeFolder, name);
  unpack(new Uint8Array(await answer.arrayBuffer()), directory);
  return {
    name,
    directory,
    handler: configuration?.Handler ?? '',
    environment: { ...configuration?.Environment?.Variables, ...environment },
    memoryMB: configuration?.MemorySize ?? 128,
    timeoutMs: (configuration?.Timeout ?? 3) * 1000,
  };
}

export async function deployedMappings(lambda: LambdaClient, names: readonly string[]): Promise<readonly DeployedMapping[]> {
  const found: DeployedMapping[] = [];
  for (const functionName of names) {
    const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName: functionName }));
    for (const { EventSourceArn, BatchSize, FilterCriteria, MaximumRetryAttempts } of EventSourceMappings) {
      if (EventSourceArn === undefined) continue;
      const filters = (FilterCriteria?.Filters ?? []).flatMap(({ Pattern }) => (Pattern === undefined ? [] : [Pattern]));
      found.push({ functionName, sourceArn: EventSourceArn, batchSize: BatchSize ?? 10, filters, retries: MaximumRetryAttempts ?? 5 });
    }
  }
  return found;
}
