/** Which form an answer takes: the Accept header read as Kubernetes does (`endpoints/handlers/negotiation`). */
import { formNotRouted, notAcceptable } from '#machinery/status.ts';

export type Media = 'json' | 'yaml' | 'protobuf';
export type Transform = '' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

export interface Form {
  readonly media: Media;
  readonly as: Transform;
  /** Version of meta.k8s.io for `as`. */
  readonly version: 'v1' | 'v1beta1';
  readonly pretty: boolean;
}

export const JSON_TYPE = 'application/json';
export const YAML_TYPE = 'application/yaml';
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

const MEDIA: Readonly<Record<string, Media>> = { [JSON_TYPE]: 'json', [YAML_TYPE]: 'yaml', [PROTOBUF_TYPE]: 'protobuf', 'application/*': 'json', '*/*': 'json' };

export const PLAIN_JSON: Form = { media: 'json', as: '', version: 'v1', pretty: false };

/** What an endpoint can give besides plain objects. */
export type Offer = 'plain' | 'object' | 'list' | 'watch';

const TRANSFORMS: Readonly<Record<Offer, readonly string[]>> = {
  plain: [],
  object: ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'],
  list: ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'],
  watch: ['Table', 'PartialObjectMetadata'],
};

interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

function clauses(accept: string): Clause[] {
  return accept
    .split(',')
    .map((part): Clause => {
      const [type, ...rest] = part.split(';');
      const parameters = new Map<string, string>();
      for (const parameter of rest) {
        const at = parameter.indexOf('=');
        if (at > 0)
          parameters.set(
            parameter.slice(0, at).trim().toLowerCase(),
            parameter
              .slice(at + 1)
              .trim()
              .replace(/^"(.*)"$/, '$1'),
          );
      }
      return { type: type!.trim().toLowerCase(), parameters, quality: Number(parameters.get('q') ?? 1) };
    })
    .filter(({ type }) => type !== '')
    .sort((a, b) => b.quality - a.quality);
}

function formOf(clause: Clause, offer: Offer, protobuf: boolean): Form | undefined {
  const media = MEDIA[clause.type];
  if (media === undefined || (media === 'protobuf' && !protobuf) || (media === 'yaml' && offer === 'watch')) return undefined;
  const as = clause.parameters.get('as') ?? '';
  const version = clause.parameters.get('v') ?? 'v1';
  if (as !== '' && (!TRANSFORMS[offer].includes(as) || clause.parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1'))) return undefined;
  // no message is made for tables
  if (as === 'Table' && media === 'protobuf') return undefined;
  const stream = clause.parameters.get('stream');
  if (stream !== undefined && stream !== 'watch') return undefined;
  return { media, as: as as Transform, version: version as Form['version'], pretty: clause.parameters.get('pretty') === '1' };
}

const ROUTED: ReadonlySet<string> = new Set([JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE, '*/*']);
const STREAMS = [`${JSON_TYPE};stream=watch`, `${PROTOBUF_TYPE};stream=watch`] as const;

/** Clients send few different headers, each with every request. */
const KNOWN_LIMIT = 512;
const known = new Map<string, Form>();

/** @throws ApiError 406. `protobuf`: whether the resource can be given that way (built-in kinds only). */
export function negotiate(accept: string | undefined, offer: Offer, protobuf: boolean): Form {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === JSON_TYPE) return PLAIN_JSON;
  const key = `${offer}${protobuf ? '+' : '-'}${accept}`;
  let form = known.get(key);
  if (form === undefined) {
    // the router of built-in resources looks at the bare types first
    if (protobuf && !accept.split(',').some((part) => ROUTED.has(part.split(';')[0]!.trim())))
      throw formNotRouted([JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE, ...(offer === 'list' || offer === 'watch' ? STREAMS : [])]);
    for (const clause of clauses(accept)) if ((form = formOf(clause, offer, protobuf)) !== undefined) break;
    if (form === undefined) throw notAcceptable(acceptable(offer, protobuf));
    if (known.size >= KNOWN_LIMIT) known.clear();
    known.set(key, form);
  }
  return form;
}

/** What is given as JSON only, whatever the parameters of the types asked for. @throws ApiError 406 */
export function requireJson(accept: string | undefined): void {
  if (accept === undefined || accept === '') return;
  const types = accept.split(',').map((part) => part.split(';')[0]!.trim());
  if (!types.some((type) => type === JSON_TYPE || type === '*/*')) throw formNotRouted([JSON_TYPE]);
}

function acceptable(offer: Offer, protobuf: boolean): string[] {
  const types = [JSON_TYPE, ...(offer === 'watch' ? [] : [YAML_TYPE]), ...(protobuf ? [PROTOBUF_TYPE] : [])];
  return offer === 'watch' ? types.map((type) => `${type};stream=watch`) : types;
}
