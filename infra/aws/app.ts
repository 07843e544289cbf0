/** The CDK app. `cdk` runs it; it bundles the functions first. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { buildCode } from './build.ts';
import { PaperplaneStack } from './stack.ts';

const app = new App();
new PaperplaneStack(app, await buildCode());
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
