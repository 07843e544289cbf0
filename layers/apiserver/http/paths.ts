/** What is no resource: health, version, metrics, discovery, OpenAPI. Each is a small handler under its path. */
import { methodNotRouted } from '#machinery/status.ts';
import type { User } from '../authn/port.ts';
import type { ApiResponse } from '../door.ts';
import type { RequestInfo } from '../routing/request-info.ts';
import { type Exchange, replyText } from './reply.ts';

export type PathHandler = (exchange: Exchange, path: string, user: User) => Promise<ApiResponse> | ApiResponse;

export interface PathRoute {
  /** `/version`, or with `/*` at its end for all that lies below. */
  readonly path: string;
  /** Absent: any, as Kubernetes' plain handlers take them. */
  readonly methods?: readonly string[];
  readonly handle: PathHandler;
}

export class Paths {
  readonly #exact = new Map<string, PathRoute>();
  readonly #below: PathRoute[] = [];

  constructor(routes: readonly PathRoute[]) {
    for (const route of routes) {
      if (route.path.endsWith('/*')) this.#below.push(route);
      else this.#exact.set(route.path, route);
    }
    // the longest prefix is the most exact
    this.#below.sort((a, b) => b.path.length - a.path.length);
  }

  serve(info: RequestInfo, user: User, exchange: Exchange): Promise<ApiResponse> | ApiResponse {
    const route = this.#exact.get(info.path) ?? this.#below.find(({ path }) => info.path.startsWith(path.slice(0, -1)));
    if (route === undefined) return replyText(exchange, 404, '404 page not found\n');
    if (route.methods !== undefined && !route.methods.includes(exchange.request.method)) throw methodNotRouted();
    return route.handle(exchange, info.path, user);
  }

  /** For the index at `/`. */
  list(): readonly string[] {
    return [...this.#exact.keys()].sort();
  }
}
