/** Tells cloud balancers whether this node has endpoints of a service that keeps traffic on its node (kube-proxy's healthCheckNodePort). */
import type { Server } from 'node:http';
import type { HealthCheck } from './destinations.ts';

/** Not a static import: in an ES module that costs 10 MiB (runtime/docker/client.ts). */
const { createServer } = process.getBuiltinModule('node:http');

export interface HealthChecks {
  apply(checks: readonly HealthCheck[]): void;
  close(): void;
}

export function openHealthChecks(options: { readonly address: string; readonly log?: (message: string, error?: unknown) => void }): HealthChecks {
  const servers = new Map<number, { readonly server: Server; check: HealthCheck }>();
  const open = (check: HealthCheck): void => {
    const server = createServer((_request, response) => {
      const { namespace, name, localEndpoints } = entry.check;
      response.writeHead(localEndpoints > 0 ? 200 : 503, {
        'Content-Type': 'application/json',
        'X-Content-Type-Options': 'nosniff',
        'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
      });
      response.end(JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true }));
    });
    const entry = { server, check };
    // Most often the port is taken by a program of the node: the balancer then sees this node as unhealthy.
    server.on('error', (error) => {
      servers.delete(check.port);
      options.log?.(`health check port ${check.port} of service ${check.namespace}/${check.name}`, error);
    });
    server.listen(check.port, options.address);
    server.unref();
    servers.set(check.port, entry);
  };
  return {
    apply(checks) {
      const wanted = new Map(checks.map((check) => [check.port, check]));
      for (const [port, { server }] of servers)
        if (!wanted.has(port)) {
          servers.delete(port);
          server.close();
        }
      for (const check of wanted.values()) {
        const entry = servers.get(check.port);
        if (entry === undefined) open(check);
        else entry.check = check;
      }
    },
    close() {
      for (const { server } of servers.values()) server.close();
      servers.clear();
    },
  };
}
