import { expect } from 'chai';
import { openRuntimeHost } from '../../src/runtime/runtime-host.js';
import { openPseudoTerminal, Terminal } from '../../src/runtime/terminal.js';

// A command's last lines were lost now and then: its terminal was taken to have ended by libuv, which
// had been told of the hang-up while the kernel was still carrying what had been written before.
describe('what a command wrote last', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  it('is shown although the terminal is taken to have ended', async () => {
    const { syscalls } = openRuntimeHost();
    const { master, slave } = openPseudoTerminal(syscalls, { columns: 80, rows: 24 });
    const terminal = new Terminal(syscalls, master);
    syscalls.write(slave, Buffer.from('last words\n'));
    syscalls.close(slave);
    // As libuv does, before anything was read.
    terminal.push(null);
    let shown = '';
    for await (const chunk of terminal) shown += String(chunk);
    expect(shown).to.equal('last words\r\n');
  });
});
