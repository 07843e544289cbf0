/** `/openapi/v3`, its documents, and `/openapi/v2`. Documents are large and seldom read: only their packed form is kept. */
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { customGroupVersion, customGroupVersions } from '#kinds/custom/openapi.ts';
import type { Kind, KindRegistry } from '#kinds/kind.ts';
import { type CustomGroupVersion, type OpenApiDocument, openApiV2, openApiV3, openApiV3Index } from '#kinds/openapi.ts';
import { notAcceptable } from '#machinery/status.ts';
import type { ApiResponse } from '../door.ts';
import type { RemoteDocuments, RemoteOpenApi } from '../aggregation/documents.ts';
import { CachedDocument, replyCached } from '../http/cached.ts';
import type { PathRoute } from '../http/paths.ts';
import { type Exchange, headersOf, replyText } from '../http/reply.ts';
import { JSON_TYPE } from '../represent/media.ts';
import { parseQuery } from '../routing/query.ts';

const compress = promisify(gzip);
type Format = 'json' | 'protobuf';

/** What clients ask for, and what the answer is called: the @ of the first is no letter of a media type, and Go's parser refuses it. */
const PROTOBUF: Readonly<Record<'v2' | 'v3', readonly string[]>> = {
  v2: ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'],
  v3: ['application/com.github.proto-openapi.spec.v3@v1.0+protobuf', 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf'],
};

/** @throws ApiError 406 */
function formatFor(accept: string | undefined, version: 'v2' | 'v3'): { readonly format: Format; readonly type: string } {
  const json = { format: 'json', type: JSON_TYPE } as const;
  if (accept === undefined || accept === '') return json;
  for (const clause of accept.split(',')) {
    const type = clause.split(';')[0]!.trim();
    if (type === JSON_TYPE || type === '*/*' || type === 'application/*') return json;
    if (PROTOBUF[version].includes(type)) return { format: 'protobuf', type: PROTOBUF[version][1]! };
  }
  throw notAcceptable([JSON_TYPE, PROTOBUF[version][0]!]);
}

/** Documents of definitions that are no more go at some time. */
const PACKED_KEPT = 256;

class Packed {
  readonly #known = new Map<string, Promise<Uint8Array>>();

  get(key: string, make: () => Uint8Array): Promise<Uint8Array> {
    let packed = this.#known.get(key);
    if (packed !== undefined) return packed;
    if (this.#known.size >= PACKED_KEPT) this.#known.delete(this.#known.keys().next().value!);
    packed = compress(make(), { level: constants.Z_DEFAULT_COMPRESSION });
    this.#known.set(key, packed);
    return packed;
  }
}

/** A year: a document's address holds its hash. */
const FOREVER_MS = 365 * 24 * 3600 * 1000;

interface Documents {
  readonly kinds: readonly Kind[];
  readonly third: ReadonlyMap<string, OpenApiDocument>;
  readonly second: OpenApiDocument;
  /** The second with what other servers have of it. */
  with(others: readonly RemoteOpenApi[]): OpenApiDocument;
  index?: CachedDocument;
}

/** The documents of what a registry serves now. Those of a group and version stay the same while its kinds do. */
function documentsOf(registry: KindRegistry): () => Documents {
  let known: Documents | undefined;
  let groups = new Map<string, { readonly kinds: readonly Kind[]; readonly made: CustomGroupVersion }>();
  return () => {
    const kinds = registry.kinds();
    if (known?.kinds === kinds) return known;
    const now: typeof groups = new Map();
    for (const [key, own] of customGroupVersions(kinds)) {
      const before = groups.get(key);
      const same = before !== undefined && before.kinds.length === own.length && own.every((kind, at) => kind === before.kinds[at]);
      now.set(key, same ? before : { kinds: own, made: customGroupVersion(own) });
    }
    groups = now;
    const custom = [...now.values()].map(({ made }) => made);
    let joined: { readonly others: readonly RemoteOpenApi[]; readonly document: OpenApiDocument } | undefined;
    return (known = {
      kinds,
      third: openApiV3(custom),
      second: openApiV2(custom),
      with(others) {
        const same = joined !== undefined && joined.others.length === others.length && others.every((one, at) => one === joined!.others[at]);
        if (!same) joined = { others, document: openApiV2(custom, others) };
        return joined!.document;
      },
    });
  };
}

export function openApiRoutes(registry: KindRegistry, remotes: Pick<RemoteDocuments, 'second' | 'third'>, now: () => number): PathRoute[] {
  const packed = new Packed();
  const documents = documentsOf(registry);

  const send = async (exchange: Exchange, key: string, document: OpenApiDocument, version: 'v2' | 'v3', cache: Readonly<Record<string, string>>): Promise<ApiResponse> => {
    const { format, type } = formatFor(exchange.request.headers['accept'], version);
    const etag = `"${document.hash}"`;
    const headers = { ...headersOf(exchange, type), 'cache-control': 'public', ...cache, etag, vary: 'Accept, Accept-Encoding' };
    if (exchange.request.headers['if-none-match'] === etag) return { status: 304, headers, body: '' };
    const make = (): Uint8Array => (format === 'json' ? document.json() : document.protobuf());
    if (!/(?:^|[,\s])gzip(?:$|[,;\s])/.test(exchange.request.headers['accept-encoding'] ?? '')) return { status: 200, headers, body: make() };
    return { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: await packed.get(`${version} ${key} ${format} ${document.hash}`, make) };
  };

  return [
    {
      path: '/openapi/v3',
      async handle(exchange) {
        const all = documents();
        const others = await remotes.third();
        if (Object.keys(others).length > 0) return replyCached(exchange, JSON_TYPE, new CachedDocument(openApiV3Index(all.third, others)));
        return replyCached(exchange, JSON_TYPE, (all.index ??= new CachedDocument(openApiV3Index(all.third))));
      },
    },
    {
      path: '/openapi/v3/*',
      handle(exchange, path) {
        const key = path.slice('/openapi/v3/'.length);
        const document = documents().third.get(key);
        if (document === undefined) return replyText(exchange, 404, '404 page not found\n');
        const hash = parseQuery(exchange.request.query).get('hash');
        if (hash !== null && hash !== '' && hash !== document.hash) {
          const headers = headersOf(exchange, 'text/plain; charset=utf-8');
          headers['location'] = `/openapi/v3/${key}?hash=${document.hash}`;
          return { status: 301, headers, body: '' };
        }
        const forever = hash ? { 'cache-control': 'public, immutable', expires: new Date(now() + FOREVER_MS).toUTCString() } : {};
        return send(exchange, key, document, 'v3', forever);
      },
    },
    {
      path: '/openapi/v2',
      async handle(exchange) {
        const others = await remotes.second();
        return send(exchange, '', others.length === 0 ? documents().second : documents().with(others), 'v2', {});
      },
    },
  ];
}
