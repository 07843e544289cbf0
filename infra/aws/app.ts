/** The CDK app. `cdk` runs it; it bundles the functions first. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { buildCode } from './build.ts';
import { PaperplaneStack } from './stack.ts';

const app = new App();
const { settings } = new PaperplaneStack(app, await buildCode());
// an emulator has no logs and no recovery to be checked
if (!settings.local) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
