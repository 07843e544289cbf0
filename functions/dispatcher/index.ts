/** Entry of the dispatcher function. */
import { awsInstallation } from '../shared/aws.ts';
import { mappedControllers } from '../shared/controllers.ts';
import { openWorlds } from '../shared/worlds.ts';
import { createDispatcherFunction } from './handler.ts';

const installation = awsInstallation();

export const handler = createDispatcherFunction({ installation, worlds: openWorlds(installation, ({ name }) => ({ moreControllers: mappedControllers(name) })) });
