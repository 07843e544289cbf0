/** Which way the arrows point (docs/architecture.md): read off every import in the tree, so that no one can forget. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseSync } from 'oxc-parser';
import { describe, expect, test } from 'vitest';
import { repositoryRoot } from '#infra/tools/tools.ts';

const ROOMS = [
  'layers/machinery',
  'layers/kinds',
  'layers/store',
  'layers/queue',
  'layers/apiserver',
  'layers/control',
  'layers/controllers',
  'layers/scheduler',
  'layers/cloud',
  'node-agent',
  'cli',
  'infra',
  'functions',
  'test',
] as const;
type Room = (typeof ROOMS)[number];

/** What a room may import besides itself. */
const MAY: Readonly<Record<Room, readonly Room[]>> = {
  'layers/machinery': [],
  'layers/kinds': ['layers/machinery'],
  'layers/store': ['layers/machinery', 'layers/kinds'],
  'layers/queue': ['layers/machinery', 'layers/kinds'],
  'layers/cloud': ['layers/machinery', 'layers/kinds'],
  'layers/apiserver': ['layers/machinery', 'layers/kinds', 'layers/store', 'layers/queue'],
  // the in-process client's port is control's; the API server implements it
  'layers/control': ['layers/machinery', 'layers/kinds', 'layers/store', 'layers/queue'],
  'layers/controllers': ['layers/machinery', 'layers/kinds', 'layers/control', 'layers/cloud'],
  'layers/scheduler': ['layers/machinery', 'layers/kinds', 'layers/control'],
  'node-agent': ['layers/machinery', 'layers/kinds'],
  cli: ['layers/machinery', 'layers/kinds'],
  functions: ROOMS,
  infra: ROOMS,
  test: ROOMS,
};
/** The one arrow that goes sideways: layers/apiserver/local-client.ts implements control's Client. */
const EXTRA: readonly (readonly [from: string, to: Room])[] = [['layers/apiserver/local-client', 'layers/control']];

/** Packages that only the folder of an engine may import. */
const ENGINES: readonly (readonly [pattern: RegExp, folders: readonly string[]])[] = [
  [/^@aws-sdk\/|^@smithy\//, ['layers/store/dynamodb', 'layers/queue/sqs', 'layers/cloud/aws', 'node-agent/api/aws', 'cli/token', 'functions', 'infra']],
  [/^node:sqlite$/, ['layers/store/embedded']],
  [/^dockerode$/, ['node-agent/runtime/docker', 'infra/local']],
];

function files(folder: string): string[] {
  return readdirSync(join(repositoryRoot, folder)).flatMap((entry) => {
    const path = join(folder, entry);
    if (entry === 'node_modules' || entry === 'generated') return [];
    return statSync(join(repositoryRoot, path)).isDirectory() ? files(path) : entry.endsWith('.ts') ? [path] : [];
  });
}

const roomOf = (path: string): Room | undefined => ROOMS.find((room) => path.startsWith(`${room}/`));
const imports = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')).imports as Record<string, string>;

/** The path in the repository that an import names; undefined for packages. */
function target(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return relative(repositoryRoot, resolve(repositoryRoot, file, '..', specifier));
  for (const [pattern, place] of Object.entries(imports)) {
    const prefix = pattern.slice(0, -1);
    if (specifier.startsWith(prefix)) return join(place.slice(0, -1), specifier.slice(prefix.length));
  }
  return undefined;
}

const isTest = (file: string): boolean => /\.test\.ts$|\/testing\/|\/contract\.ts$/.test(file);
const sources = ['layers', 'node-agent', 'cli', 'infra', 'functions', 'test'].filter((folder) => existsSync(join(repositoryRoot, folder))).flatMap(files);
const seen = sources.map((file) => {
  const parsed = parseSync(file, readFileSync(join(repositoryRoot, file), 'utf8'));
  const specifiers = [
    ...parsed.module.staticImports.map((entry) => entry.moduleRequest.value),
    ...parsed.module.staticExports.flatMap((entry) => entry.entries.flatMap((one) => (one.moduleRequest ? [one.moduleRequest.value] : []))),
  ];
  return { file, specifiers };
});

describe('layers', () => {
  test('the check sees the tree', () => {
    expect(seen.length).toBeGreaterThan(100);
    expect(seen.flatMap(({ specifiers }) => specifiers).length).toBeGreaterThan(300);
  });

  test('imports follow the arrows', () => {
    const wrong = seen.flatMap(({ file, specifiers }) => {
      const room = roomOf(file);
      if (room === undefined || isTest(file)) return [];
      return specifiers.flatMap((specifier) => {
        const to = target(file, specifier);
        const toRoom = to === undefined ? undefined : roomOf(to);
        if (toRoom === undefined || toRoom === room || MAY[room].includes(toRoom) || EXTRA.some(([from, room_]) => file.startsWith(from) && room_ === toRoom)) return [];
        return [`${file} -> ${to}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  test('only engine folders import an SDK, a database or Docker', () => {
    const wrong = seen.flatMap(({ file, specifiers }) =>
      isTest(file) || file.startsWith('test/')
        ? []
        : specifiers
            .filter((specifier) => ENGINES.some(([pattern, folders]) => pattern.test(specifier) && !folders.some((folder) => file.startsWith(`${folder}/`))))
            .map((specifier) => `${file} -> ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test('nothing the product runs imports a test', () => {
    const wrong = seen.flatMap(({ file, specifiers }) =>
      isTest(file) || file.startsWith('test/') ? [] : specifiers.filter((specifier) => /\.test\.ts$|^#test\//.test(specifier)).map((specifier) => `${file} -> ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });
});
