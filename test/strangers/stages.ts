import { expect } from 'chai';
import { BUSYBOX, type StrangersProject } from './strangers-project.js';

/** A part of the test that runs with any version of Node. */
export interface Stage {
  readonly name: string;
  /** What this machine has to offer for it. */
  readonly needs: 'nothing' | 'root';
  check(project: StrangersProject, node: string): void | Promise<void>;
}

/** What a stranger does in the first hour, after `npm install`. */
export const STAGES: readonly Stage[] = [
  {
    name: 'tests the steps on the model, as an ordinary user',
    needs: 'nothing',
    check: (project, node) => {
      expect(project.testOnModel(node)).to.equal(11);
    },
  },
  {
    name: 'asks the command for its version',
    needs: 'nothing',
    check: (project, node) => {
      expect(project.nsinit(node, ['--version']).stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    },
  },
  {
    name: 'runs the decorated step on the real kernel',
    needs: 'root',
    check: (project, node) => {
      expect(project.runForReal(node, 'ts').stdout).to.equal('true 42 build-42\n');
    },
  },
  {
    name: 'runs the step without decorators on the real kernel',
    needs: 'root',
    check: (project, node) => {
      expect(project.runForReal(node, 'js').stdout).to.equal('true 42 build-42\n');
    },
  },
  {
    name: 'runs both in one file made by esbuild',
    needs: 'root',
    check: async (project, node) => {
      const file = await project.bundle();
      expect(project.runForReal(node, 'ts', file).stdout).to.equal('true 42 build-42\n');
    },
  },
  {
    name: 'runs a configuration with the steps by the command',
    needs: 'root',
    check: (project, node) => {
      const script = 'cat /STAMP; readlink /current; hostname';
      const command = [BUSYBOX, 'sh', '-c', script.replaceAll(/(^|; )/g, `$1${BUSYBOX} `)];
      const args = ['run', '--config', 'nsinit.config.yaml', '--', ...command];
      expect(project.nsinit(node, args).stdout).to.equal('43build-43\nstamped\n');
    },
  },
  {
    name: 'runs a command without privileges',
    needs: 'root', // to become an ordinary user that owns the root
    check: (project, node) => {
      const args = ['run', '--rootfs', 'root', '--', BUSYBOX, 'id', '-u'];
      expect(project.nsinit(node, args, 'nobody').stdout).to.equal('0\n');
    },
  },
];
