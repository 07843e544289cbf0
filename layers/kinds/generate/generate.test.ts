import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FieldSchema } from '#machinery/schema.ts';
import { RESOURCES, resourceFacts, schemaOf, schemaOfKind } from '../schema.ts';
import { facts, generate } from './generate.ts';
import { hasOracle, oracleJson } from './oracle.ts';
import { findSources } from './sources.ts';

const generated = join(import.meta.dirname, '..', 'generated');

function sourcesInstalled(): boolean {
  try {
    findSources();
    return true;
  } catch (error) {
    console.warn(`skipped: generated kinds are up to date (${error instanceof Error ? error.message : String(error)})`);
    return false;
  }
}

describe.skipIf(!sourcesInstalled())('the generated files', () => {
  it('are what `npm run generate` writes', () => {
    for (const [name, content] of generate()) {
      expect(existsSync(join(generated, name)), name).toBe(true);
      expect(Buffer.from(content).equals(readFileSync(join(generated, name))), `${name} is out of date: npm run generate`).toBe(true);
    }
  }, 60_000);
});

describe('resources', () => {
  it('are those of the GA versions', () => {
    expect(new Set(RESOURCES.map(({ group, version }) => `${group}/${version}`)).size).toBe(22);
    expect(RESOURCES.length).toBe(68);
    for (const { group, version, kind, listKind, subresources } of RESOURCES) {
      expect(schemaOfKind(group, version, kind), kind).toBeDefined();
      if (listKind !== undefined) expect(schemaOfKind(group, version, listKind), listKind).toBeDefined();
      for (const sub of subresources) expect(schemaOfKind(sub.group, sub.version, sub.kind), sub.kind).toBeDefined();
    }
  });
  it('have the verbs and subresources of discovery', () => {
    expect(resourceFacts('', 'v1', 'pods')!.subresources.map(({ name, kind, verbs }) => `${name} ${kind} ${verbs.join(',')}`)).toEqual([
      'attach PodAttachOptions create,get',
      'binding Binding create',
      'ephemeralcontainers Pod get,patch,update',
      'eviction Eviction create',
      'exec PodExecOptions create,get',
      'log Pod get',
      'portforward PodPortForwardOptions create,get',
      'proxy PodProxyOptions create,delete,get,patch,update',
      'resize Pod get,patch,update',
      'status Pod get,patch,update',
    ]);
    expect(resourceFacts('', 'v1', 'namespaces')).toMatchObject({ namespaced: false, verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'] });
    expect(resourceFacts('apps', 'v1', 'deployments')!.subresources.find(({ name }) => name === 'scale')).toMatchObject({ group: 'autoscaling', version: 'v1', kind: 'Scale' });
    expect(resourceFacts('', 'v1', 'serviceaccounts')!.subresources).toEqual([
      { name: 'token', group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
    ]);
    expect(resourceFacts('authorization.k8s.io', 'v1', 'localsubjectaccessreviews')).toMatchObject({ namespaced: true, verbs: ['create'] });
    expect(resourceFacts('certificates.k8s.io', 'v1', 'certificatesigningrequests')!.subresources.map(({ name }) => name)).toEqual(['approval', 'status']);
  });
});

describe('types', () => {
  it('know each other, fields in the order that Go writes them', () => {
    const pod = schemaOf('io.k8s.api.core.v1.Pod')!;
    expect([...pod.fields!.keys()]).toEqual(['kind', 'apiVersion', 'metadata', 'spec', 'status']);
    expect(pod.fields!.get('spec')!.type).toBe(schemaOf('io.k8s.api.core.v1.PodSpec'));
    expect(schemaOfKind('policy', 'v1', 'DeleteOptions')).toBe(schemaOf('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'));
    expect(schemaOf('io.k8s.api.core.v1.Nothing')).toBeUndefined();
    expect(schemaOfKind('', 'v1', 'PodSpec')).toBeUndefined();
  });
});

interface MergeFacts {
  readonly listType?: string;
  readonly listMapKeys?: readonly string[];
  readonly mapType?: string;
  readonly mergeKey?: string;
  readonly strategy?: string;
}

describe.skipIf(!hasOracle('merge keys and protobuf numbers against upstream'))('facts checked against upstream', () => {
  it('lists are merged as upstream says', () => {
    let checked = 0;
    for (const [name, fields] of Object.entries(oracleJson('list-merge-keys.json') as Record<string, Record<string, MergeFacts>>)) {
      const type = schemaOf(name);
      if (type === undefined || type.type !== 'object') continue;
      for (const [field, wanted] of Object.entries(fields)) {
        checked++;
        if (field === '.') {
          expect(type.mapType, name).toBe(wanted.mapType);
          continue;
        }
        const known: FieldSchema = type.fields!.get(field)!;
        expect(
          {
            listType: known.listType ?? (known.type.type === 'array' ? (wanted.listType === undefined ? undefined : 'atomic') : wanted.listType),
            listMapKeys: known.listMapKeys,
            mapType: known.mapType,
            mergeKey: known.patchMergeKey,
            strategy: known.patchStrategy?.join(','),
          },
          `${name}.${field}`,
        ).toEqual({ listType: wanted.listType, listMapKeys: wanted.listMapKeys, mapType: wanted.mapType, mergeKey: wanted.mergeKey, strategy: wanted.strategy });
      }
    }
    expect(checked).toBeGreaterThan(300);
  });

  it('protobuf numbers are upstream’s', () => {
    let checked = 0;
    for (const [message, fields] of Object.entries(oracleJson('protobuf-fields.json') as Record<string, Record<string, readonly [number, string]>>)) {
      const name = `io.k8s.${message.slice('k8s.io.'.length).replace('apiextensions_apiserver', 'apiextensions-apiserver').replace('kube_aggregator', 'kube-aggregator')}`;
      const type = schemaOf(name);
      if (type?.type !== 'object') continue;
      for (const field of type.fields!.values()) {
        if (field.proto === undefined || field.protoIn !== undefined) continue;
        const known =
          fields[field.name] ??
          fields[field.name.charAt(0).toLowerCase() + field.name.slice(1)] ??
          Object.entries(fields).find(([other]) => other.toLowerCase() === field.name.toLowerCase().replace(/^\$|-/g, ''))?.[1];
        expect(known?.[0], `${name}.${field.name}`).toBe(field.proto);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(1500);
  });

  it('required fields, types and formats are upstream’s', () => {
    const { definitions } = oracleJson('openapi-v2-1.36.json') as {
      definitions: Record<string, { required?: string[]; properties?: Record<string, { type?: string; format?: string }> }>;
    };
    let checked = 0;
    for (const [name, definition] of facts(findSources())) {
      const upstream = definitions[name];
      if (upstream?.properties === undefined) continue;
      expect(definition.properties.map((property) => property.name).sort(), name).toEqual(Object.keys(upstream.properties).sort());
      expect(
        definition.properties
          .filter(({ required }) => required)
          .map((property) => property.name)
          .sort(),
        name,
      ).toEqual([...(upstream.required ?? [])].sort());
      for (const { name: property, type } of definition.properties) {
        const known = upstream.properties[property]!;
        const wanted = type.kind === 'map' ? 'object' : type.kind === 'bytes' ? 'string' : type.kind === 'ref' ? undefined : type.kind;
        expect(known.type, `${name}.${property}`).toBe(wanted);
        if (type.kind === 'integer' || type.kind === 'number') expect(known.format, `${name}.${property}`).toBe(type.format);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(2400);
  }, 60_000);
});
