/** DeleteOptions come in the body or, where there is none, in the query. */
import { decodeEnvelope } from '#kinds/codec/codec.ts';
import { DecodeError, decodeJson, decodeYaml, undecodable } from '#machinery/decode.ts';
import { badRequest, invalidObject, unsupportedMediaType } from '#machinery/status.ts';
import type { Call } from '../context.ts';
import { dryRunErrors, flag, integer, type Query } from '../routing/query.ts';
import type { DeleteOptions } from '../verbs/delete.ts';
import { bodyText, mediaType } from '../write/decode.ts';
import { JSON_TYPE, PROTOBUF_TYPE, YAML_TYPE } from '../represent/media.ts';
import type { Exchange } from './reply.ts';

const SCHEMA = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';

function bodyOptions(call: Call, { request }: Exchange): Record<string, unknown> {
  const schema = call.parts.registry.schema(SCHEMA)!;
  const media = mediaType(request.headers['content-type']);
  const body = request.body!;
  let object: Record<string, unknown>;
  try {
    switch (media) {
      case '':
      case JSON_TYPE:
        ({ object } = decodeJson(bodyText(body), { schema, findings: false }));
        break;
      case YAML_TYPE:
        ({ object } = decodeYaml(bodyText(body), { schema, findings: false }));
        break;
      case PROTOBUF_TYPE:
        object = decodeEnvelope(body, schema);
        break;
      default:
        throw unsupportedMediaType([JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE]);
    }
  } catch (error) {
    if (error instanceof DecodeError) throw undecodable(error, { kind: 'DeleteOptions', version: call.kind.version }, 'DeleteOptions', body);
    throw error;
  }
  // typed clients name the group of the resource here, others meta/v1: any will do
  if (object['kind'] !== undefined && object['kind'] !== '' && object['kind'] !== 'DeleteOptions')
    throw badRequest(
      `no kind ${JSON.stringify(object['kind'])} is registered for version ${JSON.stringify(object['apiVersion'] ?? '')} in scheme "k8s.io/apimachinery/pkg/runtime/scheme.go:110"`,
    );
  return object;
}

export function deleteOptions(call: Call, exchange: Exchange, query: Query): DeleteOptions {
  const { body } = exchange.request;
  let dryRun: readonly string[];
  let options: Omit<DeleteOptions, 'dryRun'>;
  if (body !== undefined && body.byteLength > 0) {
    const object = bodyOptions(call, exchange) as Omit<DeleteOptions, 'dryRun'> & { dryRun?: readonly string[] };
    const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = object;
    options = {
      ...(typeof gracePeriodSeconds === 'number' ? { gracePeriodSeconds } : {}),
      ...(typeof propagationPolicy === 'string' ? { propagationPolicy } : {}),
      ...(typeof orphanDependents === 'boolean' ? { orphanDependents } : {}),
      ...(preconditions === undefined || preconditions === null ? {} : { preconditions }),
    };
    dryRun = object.dryRun ?? [];
  } else {
    const grace = integer(query, 'gracePeriodSeconds');
    const policy = query.get('propagationPolicy');
    options = {
      ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
      ...(policy === null || policy === '' ? {} : { propagationPolicy: policy }),
      ...(query.has('orphanDependents') ? { orphanDependents: flag(query, 'orphanDependents') } : {}),
    };
    dryRun = query.getAll('dryRun');
  }
  const errors = dryRunErrors(dryRun);
  if (errors.length > 0) throw invalidObject('meta.k8s.io', 'DeleteOptions', '', errors);
  return { ...options, dryRun: dryRun.length > 0 };
}
