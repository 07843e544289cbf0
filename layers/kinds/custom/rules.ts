/** Rules in CEL (x-kubernetes-validations) of a schema: compiled once, evaluated within one budget (apiextensions `schema/cel`). */
import { CelCompileError, CelCostError, CelEvaluationError, type CompiledCel } from '#machinery/cel/api.ts';
import { compileCel, RUNTIME_BUDGET } from '#machinery/cel/cel.ts';
import { schemaType } from '#machinery/cel/schema-types.ts';
import { optionalOf } from '#machinery/cel/types.ts';
import { adapt, Optional } from '#machinery/cel/values.ts';
import { duplicate, type FieldError, forbidden, invalid, required } from '#machinery/field-error.ts';
import type { ValidationRule } from '../generated/types.ts';
import type { SchemaNode } from './json-schema.ts';
import { type Correlated, isUnchanged, NO_PLACE, oldItems } from './validate-value.ts';

/** Longest text that a messageExpression may make. Bytes. */
const MESSAGE_LIMIT = 5 * 1024;

export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: CompiledCel | undefined;
  /** What was wrong with the rule, behind `compilation failed: ` where it did not compile. */
  readonly error: string | undefined;
  readonly message: CompiledCel | undefined;
  readonly messageError: string | undefined;
}

export interface RuleSet {
  validate(object: unknown, old: unknown): FieldError[];
  /** As `validate`, of a value inside an object. */
  check(value: unknown, old: unknown, path: string): FieldError[];
}

const compiled = new WeakMap<SchemaNode, readonly CompiledRule[]>();

/** The rules of this schema, not of those below it. `isRoot`: its values are objects of the API. */
export function compileRules(node: SchemaNode, isRoot: boolean): readonly CompiledRule[] {
  let rules = compiled.get(node);
  if (rules === undefined) compiled.set(node, (rules = node.rules.map((rule) => compileRule(rule, node, isRoot))));
  return rules;
}

function compileRule(rule: ValidationRule, node: SchemaNode, isRoot: boolean): CompiledRule {
  const type = schemaType(node.source, isRoot);
  const none = { rule, program: undefined, error: undefined, message: undefined, messageError: undefined };
  if (rule.rule.trim() === '') return none;
  // values of which nothing is known are not for rules to see
  if (type === undefined) return none;
  const variables = { self: type, oldSelf: rule.optionalOldSelf === true ? optionalOf(type) : type };
  let program: CompiledCel;
  try {
    program = compileCel(rule.rule, { variables });
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return { ...none, error: `compilation failed: ${error.message}` };
  }
  if (program.type.kind !== 'bool') return { ...none, error: 'cel expression must evaluate to a bool' };
  if (!rule.messageExpression) return { ...none, program };
  try {
    const message = compileCel(rule.messageExpression, { variables });
    return message.type.kind === 'string' ? { ...none, program, message } : { ...none, program, messageError: 'messageExpression must evaluate to a string' };
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return { ...none, program, messageError: `messageExpression compilation failed: ${error.message}` };
  }
}

export function rulesOf(node: SchemaNode): RuleSet | undefined {
  if (!node.holds.rules) return undefined;
  return {
    validate: (object, old) => new Evaluation(node, true).run(object, old, ''),
    check: (value, old, path) => new Evaluation(node, false).run(value, old, path),
  };
}

/** Where a value was before, for ratcheting: itself, and the nearest thing around it that can be told to be the same. */
interface Was {
  readonly here: Pair | undefined;
  readonly around: Pair | undefined;
}

interface Pair {
  readonly value: unknown;
  readonly old: unknown;
  readonly node: SchemaNode;
}

const NOWHERE: Was = { here: undefined, around: undefined };
const isSame = ({ here, around }: Was): boolean => {
  const known = here ?? around;
  return known !== undefined && isUnchanged(known.value, known.old, known.node);
};
const inside = (was: Was, value: unknown, old: Correlated, node: SchemaNode): Was =>
  was.here === undefined ? was : { here: old === undefined ? undefined : { value, old: old.old, node }, around: was.here };

type Bag = Record<string, unknown>;
const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null && !Array.isArray(value);

const ruleText = ({ message, rule }: ValidationRule): string => (message ? message.trim() : rule.trim());
const defaultMessage = (rule: ValidationRule): string => (rule.message ? rule.message.trim() : `failed rule: ${ruleText(rule)}`);

/** The path of a field as it hangs on another path: `.spec['a.b']` is `spec[a.b]`. */
const fieldPathOf = (text: string): string => text.replaceAll(/\['((?:[^'\\]|\\.)*)'\]/g, '[$1]').replace(/^\./, '');

class Evaluation {
  private readonly root: SchemaNode;
  private readonly isObject: boolean;
  private readonly errors: FieldError[] = [];
  private budget = RUNTIME_BUDGET;
  private stopped = false;

  constructor(root: SchemaNode, isObject: boolean) {
    this.root = root;
    this.isObject = isObject;
  }

  run(value: unknown, old: unknown, path: string): FieldError[] {
    this.node(value, old ?? undefined, this.root, path, old === undefined || old === null ? NOWHERE : { here: { value, old, node: this.root }, around: undefined });
    return this.errors;
  }

  private node(value: unknown, old: unknown, node: SchemaNode, path: string, was: Was): void {
    if (this.stopped || value === null || value === undefined || !node.holds.rules) return;
    for (const rule of node.rules.length === 0 ? [] : compileRules(node, this.isRoot(node))) {
      this.rule(rule, value, old, node, path, was);
      if (this.stopped) return;
    }
    if (Array.isArray(value)) {
      if (node.items === undefined) return;
      const before = oldItems(node, Array.isArray(old) ? { old } : undefined);
      for (const [at, item] of value.entries()) {
        const correlated = before?.(item);
        this.node(item, correlated?.old, node.items, `${path}[${at}]`, inside(was, item, correlated, node.items));
      }
    } else if (isBag(value)) {
      const before = isBag(old) ? old : {};
      for (const key in value) {
        const property = node.properties?.get(key);
        const child = property ?? (typeof node.additional === 'object' ? node.additional : undefined);
        if (child === undefined || !child.holds.rules) continue;
        const oldValue = Object.hasOwn(before, key) ? before[key] : undefined;
        // what the version of an object is called is no change of it
        const seen = path === '' && (key === 'apiVersion' || key === 'kind') ? NOWHERE : inside(was, value[key], oldValue === undefined ? undefined : { old: oldValue }, child);
        this.node(value[key], oldValue, child, property === undefined ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`, seen);
      }
    }
  }

  private isRoot(node: SchemaNode): boolean {
    return (this.isObject && node === this.root) || node.embedded;
  }

  private fail(path: string, value: unknown, detail: string): void {
    this.errors.push(invalid(path === '' ? NO_PLACE : path, value, detail));
  }

  private stop(path: string, node: SchemaNode, detail: string): void {
    this.fail(path, node.type, detail);
    this.stopped = true;
  }

  private rule({ rule, program, error, message }: CompiledRule, value: unknown, old: unknown, node: SchemaNode, path: string, was: Was): void {
    if (this.budget <= 0) return this.stop(path, node, 'validation failed due to running out of cost budget, no further validation rules will be run');
    if (error !== undefined) return this.fail(path, node.type, `rule compile error: ${error}`);
    if (program === undefined) return;
    const usesOld = program.references.has('oldSelf');
    const isOptional = rule.optionalOldSelf === true;
    const hasOld = old !== undefined && old !== null;
    // rules of transitions are for values that were there before
    if (usesOld && !hasOld && !isOptional) return;
    const bindings: Record<string, unknown> = { self: value };
    if (isOptional) bindings['oldSelf'] = hasOld ? Optional.of(adapt(old, schemaType(node.source, this.isRoot(node))!)) : Optional.NONE;
    else if (hasOld) bindings['oldSelf'] = old;
    try {
      const result = program.evaluate(bindings, this.budget);
      this.budget -= result.cost;
      if (result.value === true) return;
    } catch (thrown) {
      if (thrown instanceof CelCostError) {
        if (this.budget < program.limit) return this.stop(path, node, 'validation failed due to running out of cost budget, no further validation rules will be run');
        return this.stop(path, node, `'${thrown.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${ruleText(rule)}`);
      }
      if (!(thrown instanceof CelEvaluationError)) throw thrown;
      return this.fail(
        path,
        node.type,
        thrown.message.startsWith('no such overload')
          ? `'${thrown.message}': call arguments did not match a supported operator, function or macro signature for rule: ${ruleText(rule)}`
          : `${thrown.message} evaluating rule: ${ruleText(rule)}`,
      );
    }
    if (!usesOld && isSame(was)) return;
    const detail = this.message(message, bindings, path, node) ?? defaultMessage(rule);
    if (this.stopped) return;
    const place = rule.fieldPath ? (path === '' ? fieldPathOf(rule.fieldPath) : `${path}.${fieldPathOf(rule.fieldPath)}`) : path === '' ? NO_PLACE : path;
    const shown = node.type === 'object' || node.type === 'array' ? undefined : value;
    switch (rule.reason) {
      case 'FieldValueForbidden':
        this.errors.push(forbidden(place, detail));
        break;
      case 'FieldValueRequired':
        this.errors.push(required(place, detail));
        break;
      case 'FieldValueDuplicate':
        this.errors.push(duplicate(place, shown));
        break;
      default:
        this.errors.push(invalid(place, shown, detail));
    }
  }

  /** What the rule says of its failure; `undefined` for its plain message. */
  private message(program: CompiledCel | undefined, bindings: Readonly<Record<string, unknown>>, path: string, node: SchemaNode): string | undefined {
    if (program === undefined) return undefined;
    try {
      const { value, cost } = program.evaluate(bindings, this.budget);
      this.budget -= cost;
      const text = typeof value === 'string' ? value.trim() : '';
      return text === '' || /[\n\r]/.test(text) || Buffer.byteLength(text) > MESSAGE_LIMIT ? undefined : text;
    } catch (error) {
      if (error instanceof CelCostError) {
        this.stop(
          path,
          node,
          this.budget < program.limit
            ? 'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run'
            : `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(program.expression)}`,
        );
      } else if (!(error instanceof CelEvaluationError)) throw error;
      return undefined;
    }
  }
}
