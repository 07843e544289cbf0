/** Entry of the cloud-events function. */
import { awsInstallation } from '../shared/aws.ts';
import { openWorlds } from '../shared/worlds.ts';
import { createCloudEvents } from './handler.ts';

const installation = awsInstallation();

export const handler = createCloudEvents({ installation, worlds: openWorlds(installation) });
