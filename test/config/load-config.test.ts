import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import {
  ConfigError,
  createPreset,
  loadConfig,
  NsinitError,
  PRESET_NAMES,
  PROPAGATION_MODES,
  type Config,
  type ConfigProblem,
} from 'nsinit';
import { MockSyscalls } from 'nsinit/testing';
import { NAMESPACE_NAMES } from '../../src/runtime/namespaces.js';
import { BUILT_IN_STEPS } from '../../src/steps/built-in-steps.js';

// Shape and services of a plugin as somebody would write one in JavaScript.
const STAMP_PLUGIN = `
const CLOCK = Symbol.for('acme.clock');
export class StampStep {
  static stepName = 'acme:stamp';
  static view = 'host';
  static inject = [CLOCK];
  static parse(input) {
    if (typeof input?.prefix !== 'string') throw new Error('prefix must be a string');
    return input;
  }
  constructor(clock) { this.clock = clock; }
  describe({ prefix }) { return 'stamp ' + prefix; }
  execute({ prefix }, { root }) { root.symlinkIn(root.fd, 'stamp', prefix + this.clock()); }
}
export class OtherStep extends StampStep { static stepName = 'acme:other'; }
export const createServices = (options) => {
  if (options?.time === 'never') throw new Error('there is no time');
  return [[CLOCK, () => options?.time ?? 'noon']];
};
`;

describe('loadConfig', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nsinit-config-'));
    write('stamp.js', STAMP_PLUGIN);
    write('package.json', '{ "type": "module" }');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const load = (config: Config | object, name = 'nsinit.config.json') =>
    loadConfig(write(name, JSON.stringify(config)));
  const problemsOf = async (config: object): Promise<readonly ConfigProblem[]> => {
    const error = await load(config).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(ConfigError);
    return (error as ConfigError).problems;
  };
  const pathsOf = async (config: object) => (await problemsOf(config)).map(({ path }) => path);

  it('gives the standard preset for an empty file, with a throwaway root', async () => {
    const { pipeline, launchOptions } = await load({});
    expect(pipeline.names).to.deep.equal(createPreset('standard', { throwaway: true }).names);
    expect(launchOptions).to.deep.equal({ noFallbacks: false });
  });

  it('makes changes in their order, each seeing what the one before has done', async () => {
    const { pipeline } = await load({
      rootfs: 'root',
      plugins: ['nsinit/plugins/mqueue', './stamp.js'],
      steps: [
        { step: 'mqueue', after: 'dev-symlinks' },
        { step: 'acme:stamp', before: 'mqueue', options: { prefix: 'at ' } },
        { step: 'acme:other', replace: 'ptmx', options: { prefix: '' } },
        { replace: 'umask', options: { mask: 0 } },
        { remove: 'console' },
        { step: 'remount-proc' },
      ],
    });
    const expected = createPreset('standard').names.filter((name) => name !== 'console');
    expected.splice(expected.indexOf('ptmx'), 1, 'acme:stamp', 'mqueue', 'acme:other');
    expect(pipeline.names).to.deep.equal([...expected, 'remount-proc']);
    const umask = pipeline.plan({ force: true }).find(({ step }) => step === 'umask');
    expect(umask?.actions).to.deep.equal(['set the umask to 00']);
  });

  it('gives steps the services that their plugin makes of its options', async () => {
    const { pipeline } = await load({
      preset: 'none',
      rootfs: 'root',
      plugins: [{ module: './stamp.js', options: { time: 'midnight' } }],
      steps: [{ step: 'acme:stamp', options: { prefix: 'at ' } }],
    });
    const syscalls = new MockSyscalls();
    pipeline.run({ syscalls, rootfs: '/srv/root', force: true });
    const link = syscalls.calls.find(({ name }) => name === 'symlinkat');
    expect(link?.args[0]).to.equal('at midnight');
  });

  it('reads YAML, JSON with comments, and modules alike, relative to the file', async () => {
    const yaml = write('a/b.yaml', 'rootfs: ../root\nlaunch:\n  env: { A: b }\n');
    const json = write(
      'a/b.json',
      '{ // here\n "rootfs": "../root", "launch": {"env": {"A": "b"}},}',
    );
    const module = write(
      'a/b.mjs',
      "export const config = { rootfs: '../root', launch: { env: { A: 'b' } } };",
    );
    const byDefault = write(
      'a/c.js',
      "export default { rootfs: '../root', launch: { env: { A: 'b' } } };",
    );
    for (const file of [yaml, json, module, byDefault]) {
      const { launchOptions } = await loadConfig(file);
      expect(launchOptions, file).to.deep.equal({
        rootfs: join(folder, 'root'),
        noFallbacks: false,
        env: { A: 'b' },
      });
    }
  });

  it('lets the caller add mounts and go before the file', async () => {
    const config = {
      rootfs: 'root',
      presetOptions: { mounts: [{ bind: 'data', target: '/data' }] },
    };
    const file = write('c.json', JSON.stringify(config));
    const { pipeline, launchOptions } = await loadConfig(file, {
      rootfs: '/srv/other',
      presetOptions: { readonly: true, mounts: [{ tmpfs: '/tmp' }] },
    });
    expect(launchOptions.rootfs).to.equal('/srv/other');
    const actions = pipeline.plan().flatMap((planned) => planned.actions);
    expect(actions).to.include(`bind ${join(folder, 'data')} on /data`);
    expect(pipeline.names).to.include.members(['tmpfs-mount', 'readonly-root']);
  });

  it('tells every problem with its path and its place', async () => {
    const text = `{
  "presett": "standard",
  "plugins": ["nsinit/plugins/mqueue", "./missing.js"],
  "steps": [
    { "step": "mqueu", "after": "dev-symlinks" },
    { "replace": "umask", "options": { "mask": "oops" } },
    { "step": "mqueue", "before": "loop-devices" },
    { "step": "acme:missing", "after": "ptmx" }
  ]
}`;
    const file = write('five.json', text);
    const error = await loadConfig(file).catch((thrown: unknown) => thrown);
    const { problems, message, code } = error as ConfigError;
    expect(code).to.equal('NSINIT_CONFIG');
    expect(problems.map(({ path, place }) => [path, place?.line, place?.column])).to.deep.equal([
      ['$.presett', 2, 14],
      ['$.plugins[1]', 3, 40],
      ['$.steps[0].step', 5, 15],
      ['$.steps[1].options.mask', 6, 48],
      ['$.steps[2].before', 7, 35],
    ]);
    expect(message.split('\n')).to.have.length(5);
    expect(message).to.include(`${file}:6:48: $.steps[1].options.mask: option mask must be`);
  });

  it('tells the place in YAML', async () => {
    const file = write('c.yml', 'launch:\n  hostname: ""\n  namespaces: { net: none }\n');
    const error = await loadConfig(file).catch((thrown: unknown) => thrown);
    expect((error as ConfigError).message).to.include(`${file}:2:13: $.launch.hostname: `);
    expect((error as ConfigError).message).to.include(
      ':3:22: $.launch.namespaces.net: a namespace',
    );
  });

  const WRONG: readonly [what: string, config: object, ...paths: string[]][] = [
    ['no object', [], '$'],
    ['two places', { steps: [{ step: 'dev', before: 'a', after: 'b' }] }, '$.steps[0]'],
    ['no step', { steps: [{ options: {} }, 3] }, '$.steps[0]', '$.steps[1]'],
    ['removing with options', { steps: [{ remove: 'dev', options: {} }] }, '$.steps[0]'],
    ['a preset that is none', { preset: 'fast', steps: [{ remove: 'dve' }] }, '$.preset', '$.steps[0].remove'],
    ['a wrong mount', { presetOptions: { mounts: [{ bind: '/a' }, { tmpfs: '/b', readonly: true }] } }, '$.presetOptions.mounts[0]', '$.presetOptions.mounts[1]'],
    ['removing what was removed', { steps: [{ remove: 'dev' }, { remove: 'dev' }] }, '$.steps[1].remove'],
    ['a missing option', { plugins: ['./stamp.js'], steps: [{ step: 'acme:stamp' }] }, '$.steps[0]'],
    ['an option nobody knows', { steps: [{ replace: 'umask', options: { mode: 1 } }] }, '$.steps[0].options.mode'],
    ['a part of an option', { plugins: ['nsinit/plugins/bind-mounts'], steps: [{ step: 'bind-mounts', after: 'dev-symlinks', options: { mounts: [{ source: '/a', target: 'b' }] } }] }, '$.steps[0].options.mounts[0].target'],
    ['an export that is none', { plugins: [{ module: './stamp.js', exports: ['StampStep', 'Stamp', 'createServices'] }] }, '$.plugins[0].exports[1]', '$.plugins[0].exports[2]'],
    ['a package that is none', { plugins: ['acme-missing', { module: 'nsinit/plugins/none' }], steps: [{ step: 'none' }] }, '$.plugins[0]', '$.plugins[1].module'],
    ['options that services refuse', { plugins: [{ module: './stamp.js', options: { time: 'never' } }] }, '$.plugins[0].options'],
    ['options that nobody takes', { plugins: [{ module: 'nsinit/plugins/mqueue', options: {} }] }, '$.plugins[0].options'],
    ['a group without its user', { launch: { gid: 1 } }, '$.launch'],
  ]; // prettier-ignore
  for (const [what, config, ...paths] of WRONG) {
    it(`refuses ${what}`, async () => {
      expect(await pathsOf(config)).to.deep.equal(paths);
    });
  }

  it('refuses a module without steps, and two plugins with the same step', async () => {
    write('empty.js', 'export const a = 1;');
    write('broken.js', 'export const = 1;');
    write('second.js', STAMP_PLUGIN);
    const plugins = ['./empty.js', './broken.js', './stamp.js', './second.js'];
    const problems = await problemsOf({ plugins });
    expect(problems.map(({ path, message }) => [path, message.slice(0, 40)])).to.deep.equal([
      ['$.plugins[0]', './empty.js exports no step'],
      ['$.plugins[1]', "cannot be loaded: Unexpected token '='"],
      ['$.plugins[3]', 'another plugin has a step acme:other too'],
      ['$.plugins[3]', 'another plugin has a step acme:stamp too'],
    ]);
  });

  it('takes a step of a CommonJS package, resolved from the file', async () => {
    const cjs = STAMP_PLUGIN.replace('export class S', 'class S').split('export')[0];
    write('node_modules/acme/package.json', '{ "name": "acme", "exports": "./index.cjs" }');
    write(
      'node_modules/acme/index.cjs',
      `${cjs}\nconst all = { StampStep }; module.exports = all;`,
    );
    const { pipeline } = await load({
      plugins: ['acme'],
      steps: [{ step: 'acme:stamp', after: 'ptmx', options: { prefix: '' } }],
    });
    expect(pipeline.names).to.include('acme:stamp');
  });

  it('says what is wrong with a file that is none', async () => {
    const MESSAGES = {
      'a.json': ['{ "a": ', 'is not JSON'],
      'b.json': ['', 'is not JSON'],
      'a.yaml': ['a: [1', 'is not YAML'],
      'b.yaml': ['a: *b', 'is not YAML'],
      'a.mjs': ['export const a = 1;', 'exports neither'],
      'b.mjs': ['nonsense nonsense', 'cannot be loaded'],
      'a.toml': ['', 'must end in one of .json'],
    };
    for (const [name, [text = '', message]] of Object.entries(MESSAGES)) {
      const error = await loadConfig(write(name, text)).catch((thrown: unknown) => thrown);
      expect(error, name).to.be.instanceOf(NsinitError);
      expect((error as Error).message, name).to.include(message);
    }
  });
});

describe('the schema of a configuration', () => {
  interface Schema {
    readonly properties: Readonly<Record<string, { readonly enum?: readonly string[] }>>;
    readonly definitions: Readonly<Record<string, Schema>>;
  }
  const schema = JSON.parse(readFileSync('schemas/config.schema.json', 'utf8')) as Schema;
  const { definitions } = schema;
  const propertiesOf = (name: string): string[] =>
    Object.keys((definitions[name] as Schema).properties);

  it('has the properties of the type', () => {
    // The compiler refuses one that the type does not have, the assertions one that is missing.
    const whole = {
      $schema: '',
      preset: 'none',
      presetOptions: { readonly: true, noPivot: true, propagation: 'slave', loopDevices: true, verify: true, mounts: [] },
      plugins: [{ module: '', exports: [], options: 0 }],
      steps: [{ step: '', before: '', after: '', replace: '', remove: '', options: 0 }],
      rootfs: '',
      noFallbacks: true,
      launch: { namespaces: {}, hostname: '', env: {}, cwd: '', uid: 0, gid: 0 },
    } as const satisfies Config; // prettier-ignore
    expect(Object.keys(whole)).to.deep.equal(Object.keys(schema.properties));
    expect(Object.keys(whole.presetOptions)).to.deep.equal(propertiesOf('presetOptions'));
    expect(Object.keys(whole.steps[0])).to.deep.equal(propertiesOf('change'));
    expect(Object.keys(whole.launch)).to.deep.equal(propertiesOf('launch'));
  });

  it('has the choices of the code', () => {
    const { preset } = schema.properties;
    const { propagation } = (definitions['presetOptions'] as Schema).properties;
    const { namespaces } = (definitions['launch'] as Schema).properties;
    expect(preset?.enum).to.deep.equal([...PRESET_NAMES, 'none']);
    expect(propagation?.enum).to.deep.equal(PROPAGATION_MODES);
    expect(Object.keys((namespaces as Schema).properties)).to.have.members([...NAMESPACE_NAMES]);
  });

  it('can name every step that there is', async () => {
    const files = readdirSync('build/src/steps').filter((name) => name.endsWith('.js'));
    const classes = new Set<unknown>();
    for (const file of files) {
      const module = (await import(`../../src/steps/${file}`)) as Record<string, unknown>;
      for (const value of Object.values(module))
        if (typeof value === 'function' && 'stepName' in value) classes.add(value);
    }
    expect(new Set(BUILT_IN_STEPS)).to.deep.equal(classes);
  });
});
