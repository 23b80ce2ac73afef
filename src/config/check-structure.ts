import { validate, type SchemaError } from './config-schema.js';
import type { ConfigPath, ConfigProblems } from './config-problems.js';

/** Holds a value against the schema. */
export function checkStructure(value: unknown, problems: ConfigProblems): void {
  if (validate(value)) return;
  for (const error of validate.errors ?? []) {
    // What each alternative lacks; the error of the whole says which there are.
    if (/\/anyOf\/\d/.test(error.schemaPath)) continue;
    problems.add(pathOf(error, value), explain(error));
  }
}

function pathOf({ instancePath, keyword, params }: SchemaError, value: unknown): ConfigPath {
  const names = instancePath
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (keyword === 'additionalProperties') names.push(String(params['additionalProperty']));
  let at = value;
  return names.map((name) => {
    const inArray = Array.isArray(at);
    at = (at as Readonly<Record<string, unknown>>)[name];
    return inArray ? Number(name) : name;
  });
}

function explain({ keyword, params, message, parentSchema }: SchemaError): string {
  if (parentSchema.errorMessage !== undefined && keyword !== 'type')
    return parentSchema.errorMessage;
  switch (keyword) {
    case 'additionalProperties':
      return `there is no such property; there are ${Object.keys(parentSchema.properties ?? {}).join(', ')}`;
    case 'enum':
      return `must be one of ${(params['allowedValues'] as readonly unknown[]).join(', ')}`;
    case 'dependencies':
      return `"${String(params['property'])}" needs "${String(params['missingProperty'])}"`;
    default:
      return message;
  }
}
