/** From one version of a custom resource to another (apiextensions `apiserver/conversion`). */
import type { CustomResourceDefinition } from '#kinds/generated/types.ts';
import type { KubeObject } from '#machinery/object.ts';
import { internalError } from '#machinery/status.ts';

/** Turns objects, all of one definition, into a version; those that have it already come back as they are. None is changed in place. */
export type Convert = (definition: CustomResourceDefinition, objects: readonly KubeObject[], version: string) => Promise<readonly KubeObject[]>;

/** Sends objects of other versions to the definition's webhook, and brings back what it answers, in order. */
export type AskWebhook = (definition: CustomResourceDefinition, objects: readonly KubeObject[], apiVersion: string) => Promise<readonly KubeObject[]>;

export function converter(ask: AskWebhook): Convert {
  return async (definition, objects, version) => {
    const { group, conversion, versions } = definition.spec;
    const apiVersion = `${group}/${version}`;
    const others = objects.filter((object) => object.apiVersion !== apiVersion);
    if (others.length === 0) return objects;
    if (!versions.some(({ name }) => name === version)) throw internalError(`request to convert CR to an invalid group/version: ${apiVersion}`);
    if (conversion === undefined || conversion.strategy === 'None') return objects.map((object) => (object.apiVersion === apiVersion ? object : { ...object, apiVersion }));
    const converted = await ask(definition, others, apiVersion);
    let next = 0;
    return objects.map((object) => (object.apiVersion === apiVersion ? object : converted[next++]!));
  };
}
