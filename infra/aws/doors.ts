/** The API's doors: a REST API that streams, for people and programs; a function URL with IAM, for agents. */
import { Duration } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  EndpointType,
  type GatewayResponseOptions,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  ResponseTransferMode,
  ResponseType,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { FunctionUrlAuthType, type FunctionUrl, InvokeMode, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { STAGE } from '#infra/gateway/door/event.ts';
import { GATEWAY_RESPONSES, type GatewayResponse, statusBody } from '#infra/gateway/door/gateway-responses.ts';
import type { Settings } from './settings.ts';

export interface Doors {
  readonly api: RestApi;
  readonly agents: FunctionUrl;
}

function responseOf(response: GatewayResponse): GatewayResponseOptions {
  return {
    type: ResponseType.of(response.type),
    statusCode: String(response.statusCode),
    // braces and quotes alone: no variable of the template language in it
    templates: { 'application/json': statusBody(response) },
    ...(response.retryAfterSeconds === undefined ? {} : { responseHeaders: { 'Retry-After': `'${response.retryAfterSeconds}'` } }),
  };
}

export function createDoors(scope: Construct, { name, local }: Settings, api: LambdaFunction): Doors {
  const integration = new LambdaIntegration(api, {
    proxy: true,
    ...(local ? {} : { responseTransferMode: ResponseTransferMode.STREAM, timeout: Duration.minutes(15) }),
    scopePermissionToMethod: false,
  });
  const log = new LogGroup(scope, 'AccessLog', { logGroupName: `/aws/apigateway/${name}`, retention: RetentionDays.TWO_WEEKS, removalPolicy: RemovalPolicy.DESTROY });
  const rest = new RestApi(scope, 'Rest', {
    restApiName: name,
    description: 'The Kubernetes API',
    endpointTypes: [EndpointType.REGIONAL],
    // protobuf, and bodies that are packed: nothing is taken for text that is none
    binaryMediaTypes: ['*/*'],
    cloudWatchRole: !local,
    ...(local ? {} : { cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN }),
    deployOptions: {
      stageName: STAGE,
      throttlingRateLimit: 1000,
      throttlingBurstLimit: 2000,
      ...(local
        ? {}
        : {
            accessLogDestination: new LogGroupLogDestination(log),
            // no query and no header: tokens travel in them
            accessLogFormat: AccessLogFormat.custom(
              '{"requestId":"$context.requestId","at":"$context.requestTime","method":"$context.httpMethod","path":"$context.path","status":"$context.status","bytes":"$context.responseLength","ms":"$context.responseLatency"}',
            ),
            loggingLevel: MethodLoggingLevel.OFF,
          }),
    },
  });
  rest.root.addMethod('ANY', integration);
  rest.root.addProxy({ defaultIntegration: integration, anyMethod: true });
  for (const response of GATEWAY_RESPONSES) rest.addGatewayResponse(`Response${response.type}`, responseOf(response));
  const agents = api.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM, invokeMode: local ? InvokeMode.BUFFERED : InvokeMode.RESPONSE_STREAM });
  return { api: rest, agents };
}
