import { expect } from 'chai';
import { collectInOrder, mountsInOrder } from '../../src/cli/mount-order.js';
import { parseTmpfs } from '../../src/cli/mount-options.js';
import type { UserMount } from '../../src/steps/presets.js';

const bind = (target: string): UserMount => ({ bind: '/', target, readonly: false });

// --tmpfs went behind every --bind: what was bound below one was covered without a word.
describe('the order of --bind and --tmpfs', () => {
  function ordered(...given: readonly string[]): string[] {
    const collect = collectInOrder();
    const [binds, tmpfs] = [collect(bind), collect(parseTmpfs)];
    const mounts = given.map((word) =>
      word.startsWith('/') ? binds(word, []) : tmpfs(word.slice(1), []),
    );
    // By option, as they arrive.
    const kept = [...mounts].sort(
      ([one], [other]) =>
        Number('tmpfs' in (one?.mount ?? {})) - Number('tmpfs' in (other?.mount ?? {})),
    );
    return mountsInOrder(kept.flat()).map((mount) =>
      'bind' in mount ? mount.target : `+${mount.tmpfs}`,
    );
  }

  it('is that of the command line', () => {
    expect(ordered('+/a', '/b', '+/b', '/c')).to.deep.equal(['+/a', '/b', '+/b', '/c']);
    expect(ordered('+/home', '/home/me')).to.deep.equal(['+/home', '/home/me']);
  });

  it('has what would be covered last', () => {
    expect(ordered('/tmp/a', '/tmpfs', '+/tmp/')).to.deep.equal(['+/tmp/', '/tmp/a', '/tmpfs']);
    expect(ordered('/x/y/z', '/x/y', '/x')).to.deep.equal(['/x', '/x/y', '/x/y/z']);
  });
});
