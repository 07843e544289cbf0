import { describe, expect, test } from 'vitest';
import type { Ingress, IngressClass, NetworkPolicy, ServiceCIDR } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { cells, created, problems, updated, warnings } from '../testing/kinds.ts';

const API = 'networking.k8s.io/v1';
const ingress = (spec: object, annotations: Record<string, string> = {}): Ingress => ({ apiVersion: API, kind: 'Ingress', metadata: { annotations }, spec });
const backend = { service: { name: 'web', port: { number: 80 } } };
const path = (over: object): Ingress => ingress({ rules: [{ host: 'a.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend, ...over }] } }] });
const AT = 'spec.rules[0].http.paths[0]';

describe('an ingress', () => {
  test.each<[string, Ingress, string[]]>([
    ['a good one', path({}), []],
    ['nothing', ingress({}), ['spec: Invalid: either `defaultBackend` or `rules` must be specified']],
    ['no path type', path({ pathType: undefined }), [`${AT}.pathType: Required: pathType must be specified`]],
    ['an unknown path type', path({ pathType: 'Regex' }), [`${AT}.pathType: NotSupported: supported values: "Exact", "ImplementationSpecific", "Prefix"`]],
    ['paths out of bounds', path({ path: '/a//b/..' }), [`${AT}.path: Invalid: must not contain '//'`, `${AT}.path: Invalid: cannot end with '/..'`]],
    ['a relative path', path({ path: 'a', pathType: 'ImplementationSpecific' }), [`${AT}.path: Invalid: must be an absolute path`]],
    ['no backend', path({ backend: {} }), [`${AT}.backend: Invalid: resource or service backend is required`]],
    ['two backends', path({ backend: { ...backend, resource: { kind: 'A', name: 'b' } } }), [`${AT}.backend: Invalid: cannot set both resource and service backends`]],
    ['a backend without a port', path({ backend: { service: { name: 'web' } } }), [`${AT}.backend: Required: port name or number is required`]],
    [
      'a port out of range',
      path({ backend: { service: { name: 'web', port: { number: 70000 } } } }),
      [`${AT}.backend.service.port.number: Invalid: must be between 1 and 65535, inclusive`],
    ],
    ['an address as host', ingress({ rules: [{ host: '10.0.0.1' }] }), ['spec.rules[0].host: Invalid: must be a DNS name, not an IP address']],
    ['a secret without a name', ingress({ defaultBackend: backend, tls: [{ hosts: ['*.a.example'] }] }), []],
  ])('%s', (_, object, expected) => expect(problems(object)).toEqual(expected));

  test('its class may be named the old way, not both ways differently', () => {
    const old = { 'kubernetes.io/ingress.class': 'a' };
    expect(warnings(ingress({ defaultBackend: backend }, old))).toEqual([`annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`]);
    expect(problems(ingress({ defaultBackend: backend, ingressClassName: 'b' }, old))).toEqual([
      'annotations.kubernetes.io/ingress.class: Invalid: must match `ingressClassName` when both are specified',
    ]);
  });

  test('a status has addresses and names', () => {
    const object = { ...path({}), status: { loadBalancer: { ingress: [{ ip: '1.2.3' }, { hostname: '10.0.0.1' }, { ip: '10.0.0.1' }] } } };
    expect(updated(path({}), object, 'status').problems).toEqual([
      'status.loadBalancer.ingress[0].ip: Invalid: must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'status.loadBalancer.ingress[1].hostname: Invalid: must be a DNS name, not an IP address',
    ]);
  });

  test('table', () => {
    const rules = ['a', 'b', 'c', 'd', 'e'].map((host) => ({ host }));
    expect(cells(ingress({ rules, ingressClassName: 'nginx', tls: [{}] }))).toEqual(['nginx', 'a,b,c + 2 more...', '', '80, 443', '10m']);
    expect(cells(ingress({ defaultBackend: backend }))).toEqual(['<none>', '*', '', '80', '10m']);
  });
});

describe('an ingress class', () => {
  const of = (spec: object, annotations: Record<string, string> = {}): IngressClass => ({ apiVersion: API, kind: 'IngressClass', metadata: { annotations }, spec });
  test.each<[string, object, string[]]>([
    ['a good one', { controller: 'a.example/x', parameters: { kind: 'A', name: 'b' } }, []],
    ['no controller', {}, ['spec.controller: Required']],
    ['no domain', { controller: 'x' }, ['spec.controller: Invalid: must be a domain-prefixed path (such as "acme.io/foo")']],
    [
      'parameters nowhere',
      { controller: 'a.example/x', parameters: { scope: 'Namespace' } },
      ['spec.parameters.kind: Required', 'spec.parameters.name: Required', "spec.parameters.namespace: Required: `parameters.scope` is set to 'Namespace'"],
    ],
    [
      'parameters of the cluster',
      { controller: 'a.example/x', parameters: { kind: 'A', name: 'b', namespace: 'c' } },
      ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    ],
  ])('%s', (_, spec, expected) => expect(problems(of(spec))).toEqual(expected));

  test('its controller stays; table', () => {
    expect(updated(of({ controller: 'a.example/x' }), of({ controller: 'a.example/y' })).problems).toEqual(['spec.controller: Invalid: field is immutable']);
    expect(cells(of({ controller: 'a.example/x', parameters: { apiGroup: 'g', kind: 'A', name: 'b' } }, { 'ingressclass.kubernetes.io/is-default-class': 'true' }))).toEqual([
      'one (default)',
      'a.example/x',
      'A.g/b',
      '10m',
    ]);
  });
});

describe('a network policy', () => {
  const of = (spec: NetworkPolicy['spec']): NetworkPolicy => ({ apiVersion: API, kind: 'NetworkPolicy', metadata: {}, spec: spec! });
  test('defaults', () => {
    expect(created(of({ egress: [{ ports: [{ port: 53 }] }] })).spec).toEqual({
      podSelector: {},
      egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }],
      policyTypes: ['Ingress', 'Egress'],
    });
    expect(created(of({})).spec?.policyTypes).toEqual(['Ingress']);
  });
  test.each<[string, NetworkPolicy['spec'], string[]]>([
    ['no peer', { ingress: [{ from: [{}] }] }, ['spec.ingress[0].from[0]: Required: must specify a peer']],
    [
      'a range besides a selector',
      { ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }] },
      ['spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer'],
    ],
    [
      'an exception outside',
      { egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16', '10.0.0.0/8', '10.1.0.0/16'] } }] }] },
      ['spec.egress[0].to[0].ipBlock.except[0]: Invalid: must be a strict subset of `cidr`', 'spec.egress[0].to[0].ipBlock.except[1]: Invalid: must be a strict subset of `cidr`'],
    ],
    ['an end before the begin', { ingress: [{ ports: [{ port: 80, endPort: 70 }] }] }, ['spec.ingress[0].ports[0].endPort: Invalid: must be greater than or equal to `port`']],
    ['an end of a name', { ingress: [{ ports: [{ port: 'http', endPort: 70 }] }] }, ['spec.ingress[0].ports[0].endPort: Invalid: may not be specified when `port` is non-numeric']],
    ['a protocol', { ingress: [{ ports: [{ protocol: 'ICMP' }] }] }, ['spec.ingress[0].ports[0].protocol: NotSupported: supported values: "TCP", "UDP", "SCTP"']],
    ['a type', { policyTypes: ['All'] }, ['spec.policyTypes[0]: NotSupported: supported values: "Ingress", "Egress"']],
  ])('%s', (_, spec, expected) => expect(problems(of(spec))).toEqual(expected));
});

describe('addresses and ranges of services', () => {
  const address = (name: string, parentRef: unknown): KubeObject => ({ apiVersion: API, kind: 'IPAddress', metadata: { name }, spec: { parentRef } });
  test.each([
    ['10.0.0.1', { resource: 'services', name: 'a', namespace: 'b' }, []],
    ['2001:db8::1', { resource: 'services', name: 'a' }, []],
    ['2001:DB8::1', { resource: 'services', name: 'a' }, ['metadata.name: Invalid: must be in canonical form ("2001:db8::1")']],
    ['x', undefined, ['metadata.name: Invalid: must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', 'spec.parentRef: Required']],
  ])('%s', (name, parent, expected) => expect(problems(address(name, parent))).toEqual(expected));
  test('tables', () => {
    expect(cells(address('10.0.0.1', { group: '', resource: 'services', name: 'a', namespace: 'b' }))).toEqual(['services/b/a', '10m']);
  });

  const range = (...cidrs: string[]): ServiceCIDR => ({ apiVersion: API, kind: 'ServiceCIDR', metadata: {}, spec: { cidrs } });
  test('a range may get a second family, and nothing else', () => {
    expect(problems(range())).toEqual(['spec.cidrs: Required: at least one CIDR required']);
    expect(problems(range('10.0.0.0/8', '11.0.0.0/8'))).toEqual(['spec.cidrs: Invalid: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64']);
    expect(problems(range('10.0.0.1/8'))).toEqual(['spec.cidrs[0]: Invalid: must not have bits set beyond the prefix length']);
    expect(updated(range('10.0.0.0/8'), range('10.0.0.0/8', '2001:db8::/64')).problems).toEqual([]);
    expect(updated(range('10.0.0.0/8'), range('11.0.0.0/8')).problems).toEqual(['spec.cidrs[0]: Invalid: field is immutable']);
    expect(cells(range('10.0.0.0/8', '2001:db8::/64'))).toEqual(['10.0.0.0/8,2001:db8::/64', '10m']);
  });
});
