import { expect } from 'chai';

type UnlistedPaths = (file: string, text: string) => string[];

describe('the lint rule for paths of the host', () => {
  let unlistedPaths: UnlistedPaths;

  before(async () => {
    const script = new URL('../../../scripts/host-paths.mjs', import.meta.url).href;
    ({ unlistedPaths } = (await import(script)) as { unlistedPaths: UnlistedPaths });
  });

  it('finds a string of the root that becomes a path', () => {
    const text = 'sys.mkdirat(AT_FDCWD, hostPath(`${rootfs}/dev`), 0o755); open(name as HostPath);';
    expect(unlistedPaths('src/steps/x.ts', text)).to.deep.equal(['name', '`${rootfs}/dev`']);
    expect(unlistedPaths('src/steps/x.ts', 'hostPath(sys.readlinkat(fd, name))')).to.have.length(1);
  });

  it('lets constants be, and what is listed for a file', () => {
    const text = "hostPath('/proc'); hostPath(`/proc/${pid}/ns/mnt`); given.hostPath(option)";
    expect(unlistedPaths('src/steps/x.ts', text)).to.deep.equal([]);
    expect(unlistedPaths('src/pipeline/run.ts', 'hostPath(this.options.rootfs)')).to.deep.equal([]);
    expect(unlistedPaths('src/steps/x.ts', 'hostPath(this.options.rootfs)')).to.have.length(1);
  });
});
