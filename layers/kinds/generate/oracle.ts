/** Facts of upstream beside the repository, for tests alone: a checkout without them skips those tests, and says so. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'data');

/** Whether the folder is there; says by name what is skipped where it is not. */
export function hasOracle(test: string): boolean {
  const there = existsSync(folder);
  if (!there) console.warn(`skipped: ${test} (no folder shared/data beside the repository)`);
  return there;
}

export const oracleJson = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));

export interface Vector {
  readonly name: string;
  readonly json: Record<string, unknown>;
  readonly protobuf: Buffer;
}

/** Objects of every kind with every field set, as Go encodes them. */
export function vectors(): Vector[] {
  const at = join(folder, 'vectors');
  return readdirSync(at)
    .filter((file) => file.endsWith('.pb'))
    .map((file) => file.slice(0, -'.pb'.length))
    .map((name) => ({
      name,
      json: JSON.parse(readFileSync(join(at, `${name}.json`), 'utf8')) as Record<string, unknown>,
      protobuf: readFileSync(join(at, `${name}.pb`)),
    }));
}
