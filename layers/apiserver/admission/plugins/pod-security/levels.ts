/** Which Pod Security Standard a namespace asks for, by its labels (`pod-security-admission/api`). */
import { invalid, type FieldError } from '#machinery/field-error.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

export interface LevelVersion {
  readonly level: Level;
  /** The minor version; Infinity is `latest`. */
  readonly minor: number;
}

export interface Policy {
  readonly enforce: LevelVersion;
  readonly audit: LevelVersion;
  readonly warn: LevelVersion;
}

const PREFIX = 'pod-security.kubernetes.io/';
const LEVELS: readonly Level[] = ['privileged', 'baseline', 'restricted'];
const LATEST = Infinity;
const PRIVILEGED: LevelVersion = { level: 'privileged', minor: LATEST };
const OPEN: Policy = { enforce: PRIVILEGED, audit: PRIVILEGED, warn: PRIVILEGED };

export const levelText = ({ level, minor }: LevelVersion): string => `${level}:${minor === LATEST ? 'latest' : `v1.${minor}`}`;
export const strictness = (level: Level): number => LEVELS.indexOf(level);
export const sameLevel = (a: LevelVersion, b: LevelVersion): boolean => a.level === b.level && a.minor === b.minor;

interface Parsed {
  readonly policy: Policy;
  readonly errors: readonly FieldError[];
}

const NOTHING: Parsed = { policy: OPEN, errors: [] };

export function policyOf(labels: Readonly<Record<string, string>> | undefined): Parsed {
  if (labels === undefined) return NOTHING;
  let any = false;
  for (const key in labels) if (key.startsWith(PREFIX)) any = true;
  if (!any) return NOTHING;
  const errors: FieldError[] = [];
  const level = (mode: string, otherwise: Level): Level | undefined => {
    const value = labels[`${PREFIX}${mode}`];
    if (value === undefined) return undefined;
    if ((LEVELS as readonly string[]).includes(value)) return value as Level;
    errors.push(invalid(`metadata.labels[${PREFIX}${mode}]`, value, `must be one of ${LEVELS.join(', ')}`));
    return otherwise;
  };
  const version = (mode: string): number | undefined => {
    const value = labels[`${PREFIX}${mode}-version`];
    if (value === undefined) return undefined;
    if (value === 'latest') return LATEST;
    const match = /^v1\.(\d|[1-9]\d*)$/.exec(value);
    if (match !== null) return Number(match[1]);
    errors.push(invalid(`metadata.labels[${PREFIX}${mode}-version]`, value, 'must be "latest" or "v1.x"'));
    return LATEST;
  };
  const asked = level('enforce', 'restricted');
  const isValid = errors.length === 0;
  const enforce = { level: asked ?? 'privileged', minor: version('enforce') ?? LATEST };
  // what cannot be read fails open where nothing is refused
  const audit = { level: level('audit', 'privileged') ?? 'privileged', minor: version('audit') ?? LATEST };
  const warnLevel = level('warn', 'privileged');
  const warnMinor = version('warn');
  // a namespace that enforces warns of its controllers too
  const follows = warnLevel === undefined && asked !== undefined && isValid;
  const warn = {
    level: follows ? enforce.level : (warnLevel ?? 'privileged'),
    minor: warnMinor ?? (follows && strictness(enforce.level) > 0 ? enforce.minor : LATEST),
  };
  return { policy: { enforce, audit, warn }, errors };
}

export const isOpen = ({ enforce, audit, warn }: Policy): boolean => enforce.level === 'privileged' && audit.level === 'privileged' && warn.level === 'privileged';
