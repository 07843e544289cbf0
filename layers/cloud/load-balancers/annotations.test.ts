import { describe, expect, test } from 'vitest';
import { BadAnnotation, balancerName, balancerSpec, PREFIX, type ServiceForBalancing, unknownAnnotations } from './annotations.ts';

const service = (annotations: Record<string, string> = {}, spec: ServiceForBalancing['spec'] = {}): ServiceForBalancing => ({
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: 'u1',
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key.includes('/') ? key : `${PREFIX}${key}`, value])),
  },
  spec: { ports: [{ port: 80, protocol: 'TCP', nodePort: 30080 }], ...spec },
});
const spec = (annotations: Record<string, string> = {}, more: ServiceForBalancing['spec'] = {}) => balancerSpec(service(annotations, more), 'prod', []);

describe('a load balancer as its Service wants it', () => {
  test('is open, TCP, and checked on the node port where nothing is said', () => {
    expect(spec()).toEqual({
      name: balancerName(service(), 'prod'),
      scheme: 'internet-facing',
      listeners: [{ port: 80, protocol: 'TCP', nodePort: 30080, targetProtocol: 'TCP' }],
      healthCheck: { protocol: 'TCP', port: 'traffic-port' },
      attributes: {},
      targetGroupAttributes: {},
      tags: { 'kubernetes.io/service-name': 'shop/web', 'kubernetes.io/cluster/prod': 'owned' },
      targets: [],
    });
    expect(balancerName(service(), 'prod')).toMatch(/^k8s-shop-web-[0-9a-f]{10}$/);
    expect(balancerName({ metadata: { name: 'a'.repeat(60), namespace: 'b'.repeat(60), uid: 'u' } }, 'prod')).toHaveLength(32);
  });

  test.each([
    [{ internal: 'true' }, { scheme: 'internal' }],
    [{ scheme: 'internal' }, { scheme: 'internal' }],
    [{ subnets: 'subnet-a, subnet-b' }, { subnets: ['subnet-a', 'subnet-b'] }],
    [{ 'cross-zone-load-balancing-enabled': 'true' }, { attributes: { 'load_balancing.cross_zone.enabled': 'true' } }],
    [{ attributes: 'deletion_protection.enabled=true' }, { attributes: { 'deletion_protection.enabled': 'true' } }],
    [{ 'proxy-protocol': '*' }, { targetGroupAttributes: { 'proxy_protocol_v2.enabled': 'true' } }],
    [{ 'additional-resource-tags': 'team=a,cost=b' }, { tags: { team: 'a', cost: 'b' } }],
    [
      {
        'healthcheck-protocol': 'http',
        'healthcheck-port': '8080',
        'healthcheck-path': '/up',
        'healthcheck-interval': '10',
        'healthcheck-healthy-threshold': '3',
        'healthcheck-success-codes': '200-299',
      },
      { healthCheck: { protocol: 'HTTP', port: '8080', path: '/up', intervalSeconds: 10, healthyThreshold: 3, successCodes: '200-299' } },
    ],
    [{ 'service.beta.kubernetes.io/load-balancer-source-ranges': '10.0.0.0/8' }, { sourceRanges: ['10.0.0.0/8'] }],
    [{ name: 'mine' }, { name: 'mine' }],
  ])('%o', (annotations, wanted) => {
    expect(spec(annotations as Record<string, string>)).toMatchObject(wanted);
  });

  test('ends TLS on the ports that are named', () => {
    const ports = [
      { port: 443, nodePort: 30443, name: 'https' },
      { port: 80, nodePort: 30080 },
    ];
    const { listeners } = spec({ 'ssl-cert': 'arn:cert', 'ssl-ports': 'https' }, { ports });
    expect(listeners).toMatchObject([
      { port: 443, protocol: 'TLS', targetProtocol: 'TCP', certificateArn: 'arn:cert' },
      { port: 80, protocol: 'TCP' },
    ]);
  });

  test('of TCP and UDP on one port is one listener', () => {
    const both = [
      { port: 53, protocol: 'TCP', nodePort: 30053 },
      { port: 53, protocol: 'UDP', nodePort: 30053 },
    ];
    expect(spec({}, { ports: both }).listeners).toEqual([{ port: 53, nodePort: 30053, protocol: 'TCP_UDP', targetProtocol: 'TCP_UDP' }]);
  });

  test('with externalTrafficPolicy Local is checked where nodes say that they have endpoints', () => {
    expect(spec({}, { externalTrafficPolicy: 'Local', healthCheckNodePort: 31000 }).healthCheck).toEqual({ protocol: 'HTTP', port: '31000', path: '/healthz' });
  });

  test.each([
    { scheme: 'public' },
    { internal: 'yes' },
    { 'nlb-target-type': 'ip' },
    { 'healthcheck-interval': '1' },
    { attributes: 'x' },
    { type: 'gateway' },
    { 'proxy-protocol': 'v1' },
  ])('%o makes no sense', (annotations) => {
    expect(() => spec(annotations as unknown as Record<string, string>)).toThrow(BadAnnotation);
  });

  test('names annotations that it does not heed', () => {
    expect(unknownAnnotations(service({ 'eip-allocations': 'x', scheme: 'internal' }))).toEqual([`${PREFIX}eip-allocations`]);
  });
});
