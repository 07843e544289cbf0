/** Probes and lifecycle hooks. */
import type { Lifecycle, Probe } from '#kinds/generated/types.ts';
import { forbidden, invalid, notSupported, required } from '#machinery/field-error.ts';
import { isHTTPHeaderName, isPortName, isPortNumber } from '#machinery/names.ts';
import { type Errors, checkNotNegative, checkText } from '../../shared/check.ts';

const SCHEMES: readonly string[] = ['HTTP', 'HTTPS'];

interface Handler {
  readonly exec?: { readonly command?: readonly string[] };
  readonly httpGet?: { readonly path?: string; readonly port?: number | string; readonly scheme?: string; readonly httpHeaders?: readonly { readonly name?: string }[] };
  readonly tcpSocket?: { readonly port?: number | string };
  readonly grpc?: { readonly port?: number };
  readonly sleep?: { readonly seconds?: number };
}

export function checkPort(errors: Errors, field: string, port: number | string | undefined): void {
  if (typeof port === 'string') checkText(errors, field, port, isPortName(port));
  else for (const message of isPortNumber(port ?? 0)) errors.push(invalid(field, port ?? 0, message));
}

function checkHttpGet(errors: Errors, field: string, get: NonNullable<Handler['httpGet']>): void {
  if (!get.path) errors.push(required(`${field}.path`));
  checkPort(errors, `${field}.port`, get.port);
  if (!SCHEMES.includes(get.scheme ?? '')) errors.push(notSupported(`${field}.scheme`, get.scheme ?? '', SCHEMES));
  for (const { name = '' } of get.httpHeaders ?? []) checkText(errors, `${field}.httpHeaders`, name, isHTTPHeaderName(name));
}

function checkHandler(errors: Errors, field: string, handler: Handler, grace: number | undefined): void {
  let count = 0;
  const another = (name: string): boolean => {
    if (count++ === 0) return false;
    errors.push(forbidden(`${field}.${name}`, 'may not specify more than 1 handler type'));
    return true;
  };
  if (handler.exec !== undefined && !another('exec') && (handler.exec.command ?? []).length === 0) errors.push(required(`${field}.exec.command`));
  if (handler.httpGet !== undefined && !another('httpGet')) checkHttpGet(errors, `${field}.httpGet`, handler.httpGet);
  if (handler.tcpSocket !== undefined && !another('tcpSocket')) checkPort(errors, `${field}.tcpSocket.port`, handler.tcpSocket.port);
  if (handler.grpc !== undefined && !another('grpc')) checkPort(errors, `${field}.grpc.port`, handler.grpc.port);
  if (handler.sleep !== undefined && !another('sleep')) {
    const { seconds = 0 } = handler.sleep;
    // an absent grace period is reported where it belongs
    if (grace !== undefined && (seconds < 0 || seconds > grace))
      errors.push(invalid(`${field}.sleep`, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`));
  }
  if (count === 0) errors.push(required(field, 'must specify a handler type'));
}

export type ProbeUse = 'livenessProbe' | 'readinessProbe' | 'startupProbe';

export function checkProbe(errors: Errors, container: string, use: ProbeUse, probe: Probe | undefined, grace: number | undefined): void {
  if (probe === undefined) return;
  const field = `${container}.${use}`;
  checkHandler(errors, field, probe as Handler, grace);
  checkNotNegative(errors, `${field}.initialDelaySeconds`, probe.initialDelaySeconds);
  checkNotNegative(errors, `${field}.timeoutSeconds`, probe.timeoutSeconds);
  checkNotNegative(errors, `${field}.periodSeconds`, probe.periodSeconds);
  checkNotNegative(errors, `${field}.successThreshold`, probe.successThreshold);
  checkNotNegative(errors, `${field}.failureThreshold`, probe.failureThreshold);
  const own = probe.terminationGracePeriodSeconds;
  if (own !== undefined && own <= 0) errors.push(invalid(`${field}.terminationGracePeriodSeconds`, own, 'must be greater than 0'));
  if (use === 'readinessProbe') {
    if (own !== undefined) errors.push(invalid(`${field}.terminationGracePeriodSeconds`, own, 'must not be set for readinessProbes'));
  } else if (probe.successThreshold !== undefined && probe.successThreshold !== 1) errors.push(invalid(`${field}.successThreshold`, probe.successThreshold, 'must be 1'));
}

export function checkLifecycle(errors: Errors, field: string, lifecycle: Lifecycle, grace: number | undefined): void {
  if (lifecycle.postStart !== undefined) checkHandler(errors, `${field}.postStart`, lifecycle.postStart as Handler, grace);
  if (lifecycle.preStop !== undefined) checkHandler(errors, `${field}.preStop`, lifecycle.preStop as Handler, grace);
}
