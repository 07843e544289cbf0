/** `/api`, `/apis` and what lies directly below them. */
import { CachedDocument, replyCached } from '../http/cached.ts';
import type { PathRoute } from '../http/paths.ts';
import { methodNotRouted, noSuchResource } from '#machinery/status.ts';
import { type Exchange, reply, replyText } from '../http/reply.ts';
import { encodeObject, typeOf } from '../represent/encode.ts';
import { JSON_TYPE, negotiate } from '../represent/media.ts';
import type { ApiResponse } from '../door.ts';
import { aggregated, aggregatedAsked } from './aggregated.ts';
import type { DiscoveredGroup, DiscoveryIndex } from './index.ts';
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from './legacy.ts';

const VARY = { vary: 'Accept, Accept-Encoding' } as const;

export function discoveryRoutes(index: DiscoveryIndex): PathRoute[] {
  let made: readonly DiscoveredGroup[] | undefined;
  let documents = new Map<string, CachedDocument>();

  const document = (name: string, make: () => object): CachedDocument => {
    if (index.groups() !== made) {
      made = index.groups();
      documents = new Map();
    }
    let found = documents.get(name);
    if (found === undefined) documents.set(name, (found = new CachedDocument(Buffer.from(JSON.stringify(make())))));
    return found;
  };
  // the resources of the core group are the one answer that has no apiVersion, but in protobuf
  const send = async (exchange: Exchange, name: string, make: () => object): Promise<ApiResponse> => {
    const form = negotiate(exchange.request.headers['accept'], 'plain', true);
    return form.media === 'json'
      ? replyCached(exchange, JSON_TYPE, document(name, make), VARY)
      : reply(exchange, 200, typeOf(form), encodeObject(form.media === 'protobuf' ? { apiVersion: 'v1', ...make() } : make(), form));
  };
  const missing = (exchange: Exchange): ApiResponse => replyText(exchange, 404, '404 page not found\n');

  const root = (core: boolean, legacy: (exchange: Exchange) => Promise<ApiResponse>): PathRoute['handle'] => {
    const mine = (group: DiscoveredGroup): boolean => (group.group === '') === core;
    return (exchange) => {
      const version = aggregatedAsked(exchange.request.headers['accept']);
      if (version === undefined) return legacy(exchange);
      const type = `${JSON_TYPE};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
      return replyCached(
        exchange,
        type,
        document(`${core ? 'api' : 'apis'} ${version}`, () => aggregated(index.groups().filter(mine), version)),
        VARY,
      );
    };
  };

  return [
    {
      path: '/api',
      methods: ['GET'],
      // the address is the one the client came by: it is made for each answer, and small
      handle: root(true, (exchange) =>
        replyCached(exchange, JSON_TYPE, new CachedDocument(Buffer.from(JSON.stringify(apiVersions(exchange.request.headers['host'] ?? '')))), VARY),
      ),
    },
    { path: '/apis', handle: root(false, (exchange) => send(exchange, 'groups', () => apiGroupList(index.groups()))) },
    {
      path: '/api/*',
      methods: ['GET'],
      handle(exchange, path) {
        const [, , version, ...rest] = path.split('/');
        const found = rest.length > 0 ? undefined : index.version('', version!);
        if (found === undefined) throw noSuchResource();
        return send(exchange, path, () => apiResourceList('', found));
      },
    },
    {
      path: '/apis/*',
      handle(exchange, path) {
        const [, , group, version, ...rest] = path.split('/');
        const known = index.groups().find((one) => one.group === group && group !== '');
        if (known === undefined) return missing(exchange);
        if (rest.length > 0) throw noSuchResource();
        if (version === undefined) return send(exchange, path, () => apiGroup(known));
        const found = known.versions.find((one) => one.version === version);
        if (found === undefined) throw noSuchResource();
        if (exchange.request.method !== 'GET') throw methodNotRouted();
        return send(exchange, path, () => apiResourceList(known.group, found));
      },
    },
  ];
}
