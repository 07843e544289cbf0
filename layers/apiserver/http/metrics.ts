/** What every request leaves behind in `/metrics`, under kube-apiserver's names. */
import type { Counter, Histogram, Metrics } from '../metrics/registry.ts';
import type { RequestInfo } from '../routing/request-info.ts';

interface Series {
  readonly total: Counter;
  readonly seconds: Histogram | undefined;
}

/** Paths are the client's words: past this many series more of them are counted together. */
const SERIES_LIMIT = 5_000;
const STREAMS: ReadonlySet<string> = new Set(['watch', 'connect']);

export class RequestMetrics {
  readonly #metrics: Metrics;
  readonly #series = new Map<string, Series>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  observe(info: RequestInfo | undefined, code: number, milliseconds: number): void {
    // unknown resources and paths answer 404: their names would be labels without end
    const known = info !== undefined && info.isResource && code !== 404;
    const key = known ? `${info.verb} ${info.group}/${info.version}/${info.resource}/${info.subresource} ${code}` : `${info?.isResource === false ? info.verb : 'other'} ${code}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const labels = known
        ? { verb: info.verb.toUpperCase(), group: info.group, version: info.version, resource: info.resource, subresource: info.subresource }
        : { verb: 'OTHER', group: '', version: '', resource: '', subresource: '' };
      const full = this.#series.size >= SERIES_LIMIT;
      series = {
        total: this.#metrics.counter('apiserver_request_total', 'Requests by verb, resource and response code.', full ? { code: String(code) } : { ...labels, code: String(code) }),
        seconds:
          full || STREAMS.has(info?.verb ?? '')
            ? undefined
            : this.#metrics.histogram('apiserver_request_duration_seconds', 'Time from the request to the answer in seconds.', labels),
      };
      if (!full) this.#series.set(key, series);
    }
    series.total.add();
    series.seconds?.observe(milliseconds / 1000);
  }
}
