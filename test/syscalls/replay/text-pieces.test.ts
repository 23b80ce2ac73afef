import { expect } from 'chai';
import { contentPieces, linkPieces } from '../../../src/syscalls/replay/text-pieces.js';

const shown = (pieces: ReturnType<typeof contentPieces>): string =>
  pieces
    .map((piece) => ('literal' in piece ? piece.literal : `<${piece.class} ${piece.number}>`))
    .join('');

describe('the pieces of a text that is compared', () => {
  const mountinfo = (content: string): string =>
    shown(contentPieces('thread-self/mountinfo', content));

  it('are, of a mountinfo, ids, devices without a driver, peer groups, and the rest', () => {
    expect(mountinfo('36 25 0:31 /a /b rw shared:7 master:2 - tmpfs src rw,size=4k\n')).to.equal(
      '<mount 36> <mount 25> 0:<device 31> /a /b rw shared:<peers 7> master:<peers 2> - tmpfs src rw,size=4k\n',
    );
  });

  it('keep the number of a device that has a driver', () => {
    expect(mountinfo('36 25 254:1 / / rw - ext4 /dev/vda1 rw\n')).to.equal(
      '<mount 36> <mount 25> 254:1 / / rw - ext4 /dev/vda1 rw\n',
    );
  });

  it('take no path and no source for a peer group', () => {
    expect(mountinfo('36 25 0:31 / /shared:1 rw - tmpfs master:9 rw\n')).to.equal(
      '<mount 36> <mount 25> 0:<device 31> / /shared:1 rw - tmpfs master:9 rw\n',
    );
  });

  it('have the descriptors by which the layers of an overlay were named', () => {
    expect(
      mountinfo('36 25 0:31 / / rw - overlay o rw,upperdir=/proc/thread-self/fd/39/upper\n'),
    ).to.equal(
      '<mount 36> <mount 25> 0:<device 31> / / rw - overlay o rw,upperdir=/proc/thread-self/fd/<descriptor 39>/upper\n',
    );
  });

  it('are the whole text of any other file', () => {
    expect(contentPieces('/etc/hostname', '36 25 0:31 / /\n')).to.deep.equal([
      { literal: '36 25 0:31 / /\n' },
    ]);
  });

  it('are numbers where a link of proc has those of processes', () => {
    expect(shown(linkPieces('thread-self', '12/task/34'))).to.equal(
      '<process 12>/task/<process 34>',
    );
    expect(shown(linkPieces('/proc/self', '12'))).to.equal('<process 12>');
    expect(shown(linkPieces('/etc/link', '12'))).to.equal('12');
    expect(shown(linkPieces('/proc/self', '/mnt/12'))).to.equal('/mnt/12');
  });
});
