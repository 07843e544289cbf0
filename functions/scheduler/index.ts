/** Entry of the scheduler function. */
import { SCHEDULER_RESOURCES } from '#scheduler/feed.ts';
import { awsInstallation } from '../shared/aws.ts';
import { openWorlds } from '../shared/worlds.ts';
import { createSchedulerFunction } from './handler.ts';

const installation = awsInstallation();

export const handler = createSchedulerFunction({ installation, worlds: openWorlds(installation, { alsoKeep: [...SCHEDULER_RESOURCES] }) });
