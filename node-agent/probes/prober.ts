/** Runs probes against containers: one attempt each period, thresholds on consecutive results. */
import type { Clock, Random } from '#machinery/clock.ts';
import { messageOf } from '../pods/failure.ts';
import type { Probe } from '../pods/pod.ts';
import type { ContainerRuntime } from '../runtime/port.ts';
import { knock, limited, runCommand, type ActionContext } from './actions.ts';
import { grpcHealth } from './grpc.ts';
import { PROBE_AGENT, httpGet, portOf } from './http.ts';
import type { ProbeKind, ProbeListener, ProbeStarter, ProbeTarget } from './port.ts';

interface Verdict {
  readonly passed: boolean;
  readonly message: string;
}

const TITLE: Readonly<Record<ProbeKind, string>> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' };
export async function probeOnce(context: ActionContext, probe: Probe, target: ProbeTarget): Promise<Verdict> {
  const limitMs = (probe.timeoutSeconds ?? 1) * 1000;
  const { container, containerId, podIP } = target;
  if (probe.exec !== undefined) {
    const { code, output } = await runCommand(context, probe.exec.command ?? [], { container, containerId, podIP, limitMs });
    return { passed: code === 0, message: output };
  }
  if (probe.httpGet !== undefined) {
    const { httpGet: request } = probe;
    const host = request.host === undefined || request.host === '' ? podIP : request.host;
    const url = `${(request.scheme ?? 'HTTP').toLowerCase()}://${host}:${portOf(request.port, container)}${request.path ?? '/'}`;
    try {
      const answer = await limited(context.clock, limitMs, (signal) => httpGet(request, container, podIP, signal), 'request');
      const passed = answer.elsewhere || (answer.status >= 200 && answer.status < 400);
      return { passed, message: passed ? answer.body : `HTTP probe failed with statuscode: ${answer.status}` };
    } catch (error) {
      return { passed: false, message: `Get ${JSON.stringify(url)}: ${messageOf(error)}` };
    }
  }
  if (probe.tcpSocket !== undefined) {
    const host = probe.tcpSocket.host === undefined || probe.tcpSocket.host === '' ? podIP : probe.tcpSocket.host;
    try {
      await knock(context, host, portOf(probe.tcpSocket.port, container), limitMs);
      return { passed: true, message: '' };
    } catch (error) {
      return { passed: false, message: messageOf(error) };
    }
  }
  if (probe.grpc !== undefined) {
    const { port, service } = probe.grpc;
    try {
      const { serving, message } = await limited(
        context.clock,
        limitMs,
        (signal) => grpcHealth(podIP, port, service ?? '', signal, PROBE_AGENT),
        `timeout: failed to connect service "${podIP}:${port}"`,
      );
      return { passed: serving, message };
    } catch (error) {
      return { passed: false, message: messageOf(error) };
    }
  }
  return { passed: true, message: '' };
}

export function createProber(context: { readonly runtime: Pick<ContainerRuntime, 'exec'>; readonly clock: Clock; readonly random: Random }): ProbeStarter {
  const { clock } = context;
  return (kind: ProbeKind, probe: Probe, target: ProbeTarget, listener: ProbeListener) => {
    const period = (probe.periodSeconds ?? 10) * 1000;
    const needed = { passed: probe.successThreshold ?? 1, failed: probe.failureThreshold ?? 3 };
    let stopped = false;
    let cancel = (): void => undefined;
    let last: boolean | undefined;
    let inARow = 0;
    // Before the first verdict: alive, not started, not ready.
    let told: boolean | undefined = kind === 'liveness' ? true : undefined;

    const attempt = async (): Promise<void> => {
      const began = clock.now();
      let verdict: Verdict;
      try {
        verdict = await probeOnce(context, probe, target);
        if (!verdict.passed && !stopped) listener.unhealthy(`${TITLE[kind]} probe failed: ${verdict.message}`);
      } catch (error) {
        verdict = { passed: false, message: messageOf(error) };
        if (!stopped) listener.unhealthy(`${TITLE[kind]} probe failed: ${verdict.message}`);
      }
      if (stopped) return;
      inARow = verdict.passed === last ? inARow + 1 : 1;
      last = verdict.passed;
      const enough = inARow >= (verdict.passed ? needed.passed : needed.failed);
      // A dead container is reported until somebody ends it: at the first time it may have been busy.
      if (enough && (told !== verdict.passed || (kind === 'liveness' && !verdict.passed))) {
        told = verdict.passed;
        listener.changed(kind, verdict.passed, verdict.message);
        // It started: the other probes take over.
        if (kind === 'startup' && verdict.passed) return;
      }
      schedule(Math.max(0, period - (clock.now() - began)));
    };
    function schedule(wait: number): void {
      if (!stopped) cancel = clock.after(wait, () => void attempt());
    }
    schedule(Math.max(0, target.startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now()));
    return () => {
      stopped = true;
      cancel();
    };
  };
}
