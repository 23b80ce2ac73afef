import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Jsonc from 'jsonc-parser';
import type * as Yaml from 'yaml';
import { ConfigError, type ConfigPath, type TextPlace } from './config-problems.js';

/** What a file says, and where it says it. */
export interface ConfigSource {
  readonly value: unknown;
  /** The place of a value, or of the nearest one around it; undefined in a module. */
  locate(path: ConfigPath): TextPlace | undefined;
}

// Loaded when they are needed: reading YAML costs 45 ms, and both are left out of the command's bundle.
const require = createRequire(import.meta.url);

const READERS: Readonly<Record<string, (file: string) => ConfigSource | Promise<ConfigSource>>> = {
  '.json': readJson,
  '.jsonc': readJson,
  '.yaml': readYaml,
  '.yml': readYaml,
  '.js': readModule,
  '.mjs': readModule,
  '.cjs': readModule,
};

/**
 * Reads a file, without looking at what is in it.
 *
 * @param file its extension tells the format; JSON may have comments.
 * @throws ConfigError when it cannot be read.
 */
export async function readConfig(file: string): Promise<ConfigSource> {
  const read = READERS[extname(file)];
  const known = Object.keys(READERS).join(', ');
  if (read === undefined) throw unreadable(file, `the name must end in one of ${known}`);
  return read(file);
}

function unreadable(file: string, message: string, place?: TextPlace): ConfigError {
  return new ConfigError(file, [{ path: '$', message, place }]);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, `cannot be read: ${(error as Error).message}`);
  }
}

function readJson(file: string): ConfigSource {
  const jsonc = require('jsonc-parser') as typeof Jsonc;
  const text = readText(file);
  const errors: Jsonc.ParseError[] = [];
  const tree = jsonc.parseTree(text, errors, { allowTrailingComma: true });
  if (tree === undefined || errors.length > 0) {
    const problems = errors.map(({ error, offset }) => ({
      path: '$',
      message: `is not JSON: ${jsonc.printParseErrorCode(error)}`,
      place: placeAt(text, offset),
    }));
    throw new ConfigError(file, problems);
  }
  return {
    value: jsonc.getNodeValue(tree) as unknown,
    locate: (path) =>
      nearest(path, (at) => {
        const node = jsonc.findNodeAtLocation(tree, [...at]);
        return node === undefined ? undefined : placeAt(text, node.offset);
      }),
  };
}

function readYaml(file: string): ConfigSource {
  const yaml = require('yaml') as typeof Yaml;
  const text = readText(file);
  const parsed = yaml.parseDocument(text, { prettyErrors: false });
  const errors = [...parsed.errors, ...parsed.warnings];
  if (errors.length > 0) {
    const problems = errors.map(({ message, pos }) => ({
      path: '$',
      message: `is not YAML: ${message}`,
      place: placeAt(text, pos[0]),
    }));
    throw new ConfigError(file, problems);
  }
  return {
    value: toPlain(file, parsed),
    locate: (path) =>
      nearest(path, (at) => {
        const node = at.length === 0 ? parsed.contents : parsed.getIn(at, true);
        const offset = yaml.isNode(node) ? node.range?.[0] : undefined;
        return offset === undefined ? undefined : placeAt(text, offset);
      }),
  };
}

function toPlain(file: string, parsed: Yaml.Document): unknown {
  try {
    return parsed.toJS() as unknown;
  } catch (error) {
    // An alias of nothing, or aliases of aliases without end.
    throw unreadable(file, `is not YAML: ${(error as Error).message}`);
  }
}

async function readModule(file: string): Promise<ConfigSource> {
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(resolve(file)).href)) as typeof module;
  } catch (error) {
    throw unreadable(file, `cannot be loaded: ${(error as Error).message}`);
  }
  const value = module['config'] ?? module['default'];
  if (value === undefined) throw unreadable(file, 'exports neither "config" nor a default');
  return { value, locate: () => undefined };
}

function placeAt(text: string, offset: number): TextPlace {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function nearest(
  path: ConfigPath,
  find: (path: ConfigPath) => TextPlace | undefined,
): TextPlace | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const place = find(path.slice(0, length));
    if (place !== undefined) return place;
  }
  return undefined;
}
