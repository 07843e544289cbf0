/** Values of custom.metrics.k8s.io and external.metrics.k8s.io, whose servers are registered with the API server; all in thousandths. */
import { parseTime } from '#control/time.ts';
import { quantityOf } from '#kinds/core/pod/validate-resources.ts';
import type { CrossVersionObjectReference, MetricIdentifier } from '#kinds/generated/types.ts';
import type { KindRegistry } from '#kinds/kind.ts';
import { formatLabelSelector, type LabelSelectorObject, selectorFromLabelSelector } from '#machinery/labels.ts';
import { milliValue } from '#machinery/quantity.ts';
import { messageOf } from './found.ts';
import type { Usage } from './metrics.ts';

const CUSTOM = 'custom.metrics.k8s.io';
const EXTERNAL = 'external.metrics.k8s.io';
/** Newest first. */
const CUSTOM_VERSIONS = ['v1beta2', 'v1beta1'];
const EXTERNAL_VERSIONS = ['v1beta1'];
/** Of a value that does not tell over what time it was taken. */
const WINDOW_MS = 60_000;

export interface MetricQuestion {
  readonly group: string;
  /** The first that is served is asked. */
  readonly versions: readonly string[];
  /** Below the version, with the query. */
  readonly path: string;
  /** How client-go names what was asked for. */
  readonly what: string;
  /** What is said where no version is served; absent: as of any path that is not there. */
  readonly unserved?: string;
}

/** Reads a document of a registered server; rejects in the words of client-go. */
export type ReadMetricsApi = (question: MetricQuestion) => Promise<unknown>;

export const noMetricsApi: ReadMetricsApi = ({ unserved, what }) => Promise.reject(new Error(unserved ?? `the server could not find the requested resource (get ${what})`));

interface Value {
  readonly describedObject?: { readonly name?: string };
  readonly timestamp?: string;
  readonly windowSeconds?: number;
  readonly value: string;
}

const escaped = encodeURIComponent;
const milli = (text: string): number => Number(milliValue(quantityOf(text)));
const selectorText = (selector: LabelSelectorObject | undefined): string => (selector === undefined ? '' : formatLabelSelector(selectorFromLabelSelector(selector)));

function query(parameters: Readonly<Record<string, string>>): string {
  const given = Object.entries(parameters).filter(([, text]) => text !== '');
  return given.length === 0 ? '' : `?${given.map(([name, text]) => `${name}=${escaped(text)}`).join('&')}`;
}

async function values(read: ReadMetricsApi, question: MetricQuestion, api: string): Promise<readonly Value[]> {
  let answer: unknown;
  try {
    answer = await read(question);
  } catch (error) {
    throw new Error(`unable to fetch metrics from ${api} metrics API: ${messageOf(error)}`, { cause: error });
  }
  const { items = [] } = answer as { readonly items?: readonly Value[] };
  if (items.length === 0) throw new Error(`no metrics returned from ${api} metrics API`);
  return items;
}

const custom = (read: ReadMetricsApi, path: string, metric: string): Promise<readonly Value[]> =>
  values(read, { group: CUSTOM, versions: CUSTOM_VERSIONS, path, what: `${metric}.${CUSTOM}`, unserved: `no custom metrics API (${CUSTOM}) registered` }, 'custom');

/** By pod. */
export async function podsMetric(read: ReadMetricsApi, namespace: string, podSelector: string, { name, selector }: MetricIdentifier): Promise<Map<string, Usage>> {
  const path = `namespaces/${escaped(namespace)}/pods/*/${escaped(name)}${query({ labelSelector: podSelector, metricLabelSelector: selectorText(selector) })}`;
  const found = new Map<string, Usage>();
  for (const { describedObject, timestamp, windowSeconds, value } of await custom(read, path, name))
    found.set(describedObject?.name ?? '', { value: milli(value), at: parseTime(timestamp) ?? 0, windowMs: windowSeconds === undefined ? WINDOW_MS : windowSeconds * 1000 });
  return found;
}

export async function objectMetric(
  read: ReadMetricsApi,
  registry: KindRegistry,
  namespace: string,
  { apiVersion = '', kind, name: object }: CrossVersionObjectReference,
  { name, selector }: MetricIdentifier,
): Promise<number> {
  const slash = apiVersion.indexOf('/');
  const [group, version] = slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
  const tail = `${escaped(name)}${query({ metricLabelSelector: selectorText(selector) })}`;
  if (kind === 'Namespace' && group === '') return milli((await custom(read, `namespaces/${escaped(object)}/metrics/${tail}`, name))[0]!.value);
  const known = registry.byKind(group, version, kind);
  if (known === undefined) throw new Error(`unable to fetch metrics from custom metrics API: no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
  // `services`, `ingresses.networking.k8s.io`: as the store names them too
  return milli((await custom(read, `namespaces/${escaped(namespace)}/${known.storage}/${escaped(object)}/${tail}`, name))[0]!.value);
}

/** The sum of all series that the selector leaves. */
export async function externalMetric(read: ReadMetricsApi, namespace: string, { name, selector }: MetricIdentifier): Promise<number> {
  const path = `namespaces/${escaped(namespace)}/${escaped(name)}${query({ labelSelector: selectorText(selector) })}`;
  const found = await values(read, { group: EXTERNAL, versions: EXTERNAL_VERSIONS, path, what: `${name}.${EXTERNAL}` }, 'external');
  return found.reduce((sum, { value }) => sum + milli(value), 0);
}

/** As Go prints the selector of a metric. */
export function printed(selector: LabelSelectorObject | undefined): string {
  if (selector === undefined) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values: of = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${of.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}
