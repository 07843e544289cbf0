/** Entry of the timer function. */
import { awsRule } from '#cloud/aws/rules.ts';
import { awsInstallation, awsSettings } from '../shared/aws.ts';
import { createTimer } from './handler.ts';

const { timerRule } = awsSettings();

export const handler = createTimer({ installation: awsInstallation(), ...(timerRule === undefined ? {} : { schedule: awsRule(timerRule) }) });
