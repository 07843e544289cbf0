import { describe, expect, it } from 'vitest';
import { CelCostError } from './api.ts';
import { compileCel } from './cel.ts';
import { schemaType } from './schema-types.ts';
import { BOOL, type CelType, DYN, STRING } from './types.ts';

const self = schemaType(
  {
    type: 'object',
    properties: {
      replicas: { type: 'integer' },
      ratio: { type: 'number' },
      names: { type: 'array', items: { type: 'string', maxLength: 10 }, maxItems: 5 },
      tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
      ports: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { type: 'object', properties: { name: { type: 'string' }, port: { 'x-kubernetes-int-or-string': true } } },
      },
      limits: { type: 'object', additionalProperties: { type: 'integer' } },
      when: { type: 'string', format: 'date-time' },
      wait: { type: 'string', format: 'duration' },
      'dashed-name': { type: 'string' },
      namespace: { type: 'string' },
    },
  },
  true,
) as CelType;

const bound = {
  replicas: 3,
  ratio: 2,
  names: ['a', 'b'],
  tags: ['x', 'y'],
  ports: [
    { name: 'web', port: 80 },
    { name: 'admin', port: 'http' },
  ],
  limits: { cpu: 2, memory: 5 },
  when: '2026-03-04T05:06:07Z',
  wait: '90s',
  'dashed-name': 'd',
  namespace: 'n',
  metadata: { name: 'web-1' },
};
const object = { spec: { replicas: 5, ratio: 1.5, list: [1, 'two', { a: 1 }], 'app.kubernetes.io/name': 'x' }, metadata: { labels: { app: 'web' } } };

const run = (expression: string): unknown =>
  compileCel(expression, { variables: { self, object: DYN } })
    .evaluate({ self: bound, object })
    .json();
const failure = (expression: string): string => {
  try {
    run(expression);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('values', () => {
  it.each([
    // types of the schema
    ['self.replicas + 1', 4],
    ['self.ratio / 4.0', 0.5],
    ['self.names.all(n, n.size() == 1)', true],
    ['self.names.exists_one(n, n == "b")', true],
    ['self.names.filter(n, n != "a").map(n, n + "!")', ['b!']],
    ['self.names.map(n, n == "a", n + n)', ['aa']],
    ['self.limits.all(k, k in ["cpu", "memory"])', true],
    ['self.limits.exists(k, v, k == "cpu" && v == 2)', true],
    ['self.limits.transformList(k, v, v > 2, k)', ['memory']],
    ['self.limits.transformMap(k, v, v * 2)', { cpu: 4, memory: 10 }],
    ['self.names.transformMapEntry(i, v, {v: i})', { a: 0, b: 1 }],
    ['self.when.getFullYear() == 2026 && self.when.getHours("-02:00") == 3', true],
    ['self.wait > duration("1m") && self.wait.getSeconds() == 90', true],
    ['self.when + self.wait > timestamp("2026-03-04T05:07:00Z")', true],
    ['self.dashed__dash__name + self.__namespace__', 'dn'],
    // reserved words may follow a dot as they are, since 1.31
    ['has(self.namespace) && self.namespace == "n" && self.metadata.name != self.namespace', true],
    ['self.metadata.name.startsWith("web")', true],
    ['self.ports.map(p, type(p.port) == int)', [true, false]],
    ['self.tags == ["y", "x"]', true],
    ['self.tags + ["y", "z"]', ['x', 'y', 'z']],
    [
      'self.ports + dyn([{"name": dyn("web"), "port": 81}])',
      [
        { name: 'web', port: 81 },
        { name: 'admin', port: 'http' },
      ],
    ],
    ['has(self.replicas) && !has(self.metadata.generateName)', true],
    // without a schema
    ['object.spec.replicas > 3 && object.spec.ratio < 2.0', true],
    ['object.spec["app.kubernetes.io/name"]', 'x'],
    ['object.metadata.?labels["app"].orValue("none")', 'web'],
    ['object.?status.?phase.hasValue()', false],
    ['object.spec.list.exists(x, type(x) == string)', true],
    ['object.spec.list[0] == 1.0', true],
    // logic absorbs errors
    ['1 / 0 == 1 || true', true],
    ['false && 1 / 0 == 1', false],
    ['[0, 1].exists(x, 1 / x == 1)', true],
    ['[0, 2].all(x, 1 / x == 1)', false],
    // functions
    ['"%s has %d, %.2f, %x".format([dyn("a"), 2, 1.5, 255])', 'a has 2, 1.50, ff'],
    ['"a,b,c".split(",", 2)', ['a', 'b,c']],
    ['"tacocat".indexOf("c", 3) + "tacocat".lastIndexOf("c")', 8],
    ['"Hello".lowerAscii() + " x ".trim() + "ab".replace("a", "b")', 'helloxbb'],
    ['"abcd".substring(1, 3) + "abc".charAt(2)', 'bcc'],
    ['"abc 123".find("[0-9]+") + "a1b2".findAll("[0-9]").join("-")', '1231-2'],
    ['[3, 1, 2].sort().reverse()', [3, 2, 1]],
    ['[[1], [2, dyn([3])]].flatten()', [1, 2, [3]]],
    ['[1, 1, 2].distinct().sum() + [4, 9].max() - [4, 9].min()', 8],
    ['lists.range(3).map(i, i * i)', [0, 1, 4]],
    ['["bb", "a"].sortBy(s, s.size())', ['a', 'bb']],
    ['[1, 2].isSorted() && sets.contains([1, 2, 3], [2]) && sets.intersects([1], [1, 2])', true],
    ['quantity("1Gi").isGreaterThan(quantity("1000M")) && quantity("200M").add(quantity("0.1k")).compareTo(quantity("200000100")) == 0', true],
    ['quantity("50k").sub(20000).asInteger()', 30_000],
    ['isQuantity("1.3G") && !isQuantity("x")', true],
    ['ip("192.168.0.1").family() == 4 && cidr("10.0.0.0/8").containsIP("10.1.2.3") && cidr("10.0.0.0/8").containsCIDR(cidr("10.1.0.0/16"))', true],
    ['string(cidr("192.168.1.5/24").masked()) + string(ip("::FFFF"))', '192.168.1.0/24::ffff'],
    ['isIP("::ffff:1.2.3.4") || isIP("fe80::1%eth0")', false],
    ['semver("1.2.3").isLessThan(semver("1.10.0")) && semver("v1.2", true).minor() == 2 && !isSemver("v1")', true],
    ['url("https://example.com:80/path?k=v&k=w").getQuery()["k"].size() == 2 && url("https://u@h:1/").getHostname() == "h"', true],
    ['isURL("../x") || isURL("")', false],
    ['format.dns1123Label().validate("a.b").hasValue() && !format.named("uuid").value().validate("00000000-0000-0000-0000-000000000000").hasValue()', true],
    ['optional.of(3).optMap(x, x + 1).value() + optional.none().orValue(1)', 5],
    ['[?optional.of(1), ?optional.none()].size() + {?"a": optional.of(1)}.size()', 2],
    ['string(b"caf\\xc3\\xa9") + string(timestamp(0)) + string(duration("1h1m"))', 'café1970-01-01T00:00:00Z3660s'],
    ['r"\\d" + "\\u00e9" + """a"b"""', '\\déa"b'],
    ['9223372036854775807 > 9.2e18 && 18446744073709551615u > 1', true],
    ['jsonpatch.escapeKey("k8s.io/my~label")', 'k8s.io~1my~0label'],
  ])('%s', (expression, expected) => {
    expect(run(expression)).toEqual(expected);
  });
});

describe('errors', () => {
  it.each([
    ['self.foo', "ERROR: <input>:1:5: undefined field 'foo'\n | self.foo\n | ....^"],
    ['missing', "ERROR: <input>:1:1: undeclared reference to 'missing' (in container '')\n | missing\n | ^"],
    ['self.names + 1', "ERROR: <input>:1:12: found no matching overload for '_+_' applied to '(list(string), int)'\n | self.names + 1\n | ...........^"],
    [
      'self.replicas.startsWith("a")',
      "ERROR: <input>:1:25: found no matching overload for 'startsWith' applied to 'int.(string)'\n | self.replicas.startsWith(\"a\")\n | ........................^",
    ],
    ['[1, "a"]', "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, \"a\"]\n | ....^"],
    ['"a".matches("[")', 'ERROR: <input>:1:13: invalid matches argument\n | "a".matches("[")\n | ............^'],
    ['for', 'ERROR: <input>:1:1: reserved identifier: for\n | for\n | ^'],
    ['Object{}', "ERROR: <input>:1:7: undeclared reference to 'Object' (in container '')\n | Object{}\n | ......^"],
    ['object.nope', 'no such key: nope'],
    ['object.spec.list[7]', 'index out of bounds: 7'],
    ['1 / (self.replicas - 3)', 'division by zero'],
    ['9223372036854775807 + 1', 'integer overflow'],
    ['object.spec.replicas + "a"', 'no such overload'],
    ['optional.none().value()', 'optional.none() dereference'],
  ])('%s', (expression, message) => {
    expect(failure(expression)).toBe(message);
  });

  it('a result of another type', () => {
    expect(() => compileCel('1 + 1', { variables: {}, result: [BOOL] })).toThrow('must evaluate to bool but got int');
    expect(() => compileCel('object.x', { variables: { object: DYN }, result: [BOOL] })).toThrow('must evaluate to bool but got dyn');
    expect(() => compileCel('1', { variables: {}, result: [BOOL, STRING] })).toThrow('must evaluate to one of [bool string] but got int');
  });
});

describe('costs', () => {
  it('counts names, selections and calls', () => {
    const { cost } = compileCel('self.replicas + 1 < 5', { variables: { self } }).evaluate({ self: bound });
    expect(cost).toBe(4);
  });
  it('stops what costs too much', () => {
    const compiled = compileCel('self.tags.all(a, self.tags.all(b, a != b || a == b))', { variables: { self } });
    expect(() => compiled.evaluate({ self: { tags: Array.from({ length: 2000 }, (_, at) => `t${at}`) } })).toThrow(CelCostError);
    expect(() => compileCel('self.replicas > 1', { variables: { self } }).evaluate({ self: bound }, 1)).toThrow('operation cancelled: actual cost limit exceeded');
  });
  it('takes the keys of maps for empty, as Kubernetes estimates them', () => {
    const labels = schemaType({ type: 'object', maxProperties: 8, additionalProperties: { type: 'string', maxLength: 63 } }, false) as CelType;
    const of = (expression: string): number => compileCel(expression, { variables: { self: labels } }).estimate.max;
    expect(of('self.all(key, key.split("/")[0].size() < 253)')).toBeLessThan(1000);
    expect(of('self.all(key, key.matches("^[a-z]{0,61}$"))')).toBeLessThan(1000);
    expect(of('self.all(key, self[key].matches("^[a-z]{0,61}$"))')).toBeGreaterThan(of('self.all(key, key.matches("^[a-z]{0,61}$"))'));
  });

  it('estimates by the limits of the schema', () => {
    const of = (expression: string): number => compileCel(expression, { variables: { self } }).estimate.max;
    expect(of('self.names.all(n, n.size() == 1)')).toBeLessThan(100);
    expect(of('self.tags.all(a, self.tags.all(b, a != b))')).toBeGreaterThan(10_000_000);
  });
});

describe('mutation', () => {
  it('makes objects and patches', () => {
    const mutate = (expression: string): unknown =>
      compileCel(expression, { variables: { object: DYN }, mutation: true })
        .evaluate({ object })
        .json();
    expect(mutate('Object{spec: Object.spec{replicas: object.spec.replicas + 1, template: Object.spec.template{?x: optional.none()}}}')).toEqual({
      spec: { replicas: 6, template: {} },
    });
    expect(mutate('[JSONPatch{op: "add", path: "/a/" + jsonpatch.escapeKey("b/c"), value: {"k": 1}}]')).toEqual([{ op: 'add', path: '/a/b~1c', value: { k: 1 } }]);
  });
});
