/** The place with everything counted: wires before the emulator and the table, and a note of each invocation and each request at the door. */
import { type Ledger, openLedger } from '../gateway/meter/ledger.ts';
import { POLLERS } from '../gateway/meter/prices.ts';
import { openWire } from '../gateway/meter/wire.ts';
import type { Lambda } from '../gateway/lambda/service.ts';
import type { FunctionSpec } from '../gateway/lambda/spec.ts';
import { agentKey, type PlaceConfig } from './config.ts';

const MB_IN_GB = 1024;

export interface Counting {
  /** Where the emulator and the table are to be found instead. */
  readonly config: PlaceConfig;
  /** A function says its name in what it asks. */
  named(spec: FunctionSpec): FunctionSpec;
  counted(lambda: Lambda, specs: readonly FunctionSpec[]): Lambda;
  /** A request that came through API Gateway; agents' function URL costs no more than its invocation. */
  request(method: string): void;
  close(): Promise<void>;
}

function nothing(config: PlaceConfig): Counting {
  return { config, named: (spec) => spec, counted: (lambda) => lambda, request: () => undefined, close: async () => undefined };
}

const timeOf = (lambda: Lambda, specs: readonly FunctionSpec[], ledger: Ledger): Lambda => {
  const memory = new Map(specs.map(({ name, memoryMB }) => [name, memoryMB]));
  return {
    ...lambda,
    async invoke(name, event) {
      const began = performance.now();
      const invocation = await lambda.invoke(name, event);
      void invocation.over.then(() => {
        const seconds = (performance.now() - began) / 1000;
        ledger.note({ by: name, service: 'lambda', action: name, gbSeconds: seconds * ((memory.get(name) ?? MB_IN_GB) / MB_IN_GB) });
      });
      return invocation;
    },
  };
};

export async function openCounting(config: PlaceConfig): Promise<Counting> {
  if (config.ledger === undefined) return nothing(config);
  const ledger = openLedger(config.ledger);
  const agents = new Map(config.agents.map(({ name }) => [agentKey(name), `agent ${name}`]));
  // what this process itself asks is what AWS does: its pollers, and EventBridge
  const owner = (key: string): string | undefined => agents.get(key) ?? (key === config.accessKeyId ? POLLERS : undefined);
  const wire = await openWire({ to: new URL(config.endpoint), ledger, owner });
  const table = config.tableEndpoint === undefined ? undefined : await openWire({ to: new URL(config.tableEndpoint), ledger, owner });
  return {
    config: { ...config, endpoint: wire.url, ...(table === undefined ? {} : { tableEndpoint: table.url }) },
    named: (spec) => ({ ...spec, environment: { ...spec.environment, AWS_SDK_UA_APP_ID: spec.name } }),
    counted: (lambda, specs) => timeOf(lambda, specs, ledger),
    request: (method) => ledger.note({ by: 'clients', service: 'apigateway', action: method }),
    async close() {
      ledger.close();
      await wire.close();
      await table?.close();
    },
  };
}
