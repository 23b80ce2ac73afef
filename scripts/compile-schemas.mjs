// Compiles the schemas to functions: compiling them at run time would cost 80 ms and ship ajv.
import { readFileSync, writeFileSync } from 'node:fs';
import Ajv from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { transformSync } from 'esbuild';

const SCHEMAS = [{ from: 'schemas/config.schema.json', to: 'build/src/config/config-schema.js' }];

for (const { from, to } of SCHEMAS) {
  const schema = JSON.parse(readFileSync(from, 'utf8'));
  // unicode: false, or the code asks ajv for the length of a string in code points.
  // ajv calls the option deprecated and has no other: hence no logger.
  const strict = { strict: true, strictRequired: false, logger: false };
  const options = { ...strict, allErrors: true, unicode: false, verbose: true };
  const ajv = new Ajv.default({ ...options, code: { source: true, esm: true } });
  // What editors show and what the command prints, where a rule would not explain itself.
  ajv.addKeyword('errorMessage');
  ajv.addSchema(schema);
  const code = standaloneCode.default(ajv, { validate: schema.$id });
  if (/\brequire\(/.test(code)) throw new Error(`the code for ${from} needs a part of ajv`);
  const module = `${code}\nexport const schema = ${JSON.stringify(schema)};`;
  writeFileSync(to, transformSync(module, { minify: true, format: 'esm', target: 'node20' }).code);
}
