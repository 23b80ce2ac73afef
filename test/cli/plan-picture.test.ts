import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createPreset, formatTracedCall, parseMountinfo } from 'nsinit';
import { MockSyscalls } from 'nsinit/testing';
import {
  escapeMarkup,
  mountRows,
  treeLines,
  wrapText,
  type PlanPicture,
} from '../../src/cli/plan-picture.js';
import { renderPlanPage } from '../../src/cli/plan-page.js';
import { renderPlanSvg } from '../../src/cli/plan-svg.js';
import { findChromium, openInChromium } from './chromium.js';

const HOSTILE = '/mnt/<script>alert("&")</script>';

function planOfStandard(): PlanPicture {
  const pipeline = createPreset('standard', {
    readonly: true,
    mounts: [
      { bind: '/etc', target: HOSTILE, readonly: true },
      { tmpfs: `/mnt/${'long'.repeat(40)}` },
    ],
  });
  const syscalls = new MockSyscalls();
  const planned = pipeline.plan();
  const calls = planned.map((): string[] => []);
  let at = -1;
  pipeline.run({
    syscalls,
    rootfs: '/srv/root',
    force: true,
    observers: [
      {
        stepStart: () => (at += 1),
        syscall: (_, call) => calls[at]?.push(formatTracedCall(call)),
      },
    ],
  });
  return {
    title: `standard with ${HOSTILE}`,
    rootfs: '/srv/root',
    steps: planned.map((step, index) => ({
      ...step,
      calls: calls[index] ?? [],
      fallbacks: index === 4 ? ["EPERM: the host's device nodes are bound"] : [],
    })),
    mounts: parseMountinfo(syscalls.state.mountinfo),
    problems: ['tmpfs-mount must come before root-switch'],
  };
}

// Text that leaves its box or the picture, by the picture itself; run by Chromium.
const MEASURE = `
  const found = [];
  const svg = document.querySelector('svg').getBoundingClientRect();
  const boxes = [...document.querySelectorAll('svg rect.box')].map((box) => box.getBoundingClientRect());
  const inside = (text, box) => text.left >= box.left && text.top >= box.top && text.left < box.right && text.top < box.bottom;
  const texts = [...document.querySelectorAll('svg text')];
  for (const text of texts) {
    const place = text.getBoundingClientRect();
    const box = boxes.find((candidate) => inside(place, candidate)) ?? svg;
    if (place.right > box.right || place.bottom > box.bottom) found.push('cut: ' + text.textContent);
    for (const other of texts) {
      const its = other.getBoundingClientRect();
      if (other !== text && its.left < place.right - 1 && its.right > place.left + 1 && its.top < place.bottom - 3 && its.bottom > place.top + 3)
        found.push('over each other: ' + text.textContent + ' and ' + other.textContent);
    }
  }
  boxes.forEach((box, index) => boxes.slice(index + 1).forEach((other) => {
    if (box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom) found.push('boxes over each other');
  }));
  for (const width of [1200, 700, 360]) {
    const frame = document.querySelector('iframe');
    frame.style.width = width + 'px';
    const page = frame.contentDocument;
    if (page.querySelectorAll('li.step').length === 0) found.push('no steps in the page');
    if (page.documentElement.scrollWidth > width) found.push('the page is wider than ' + width + ': ' + page.documentElement.scrollWidth);
  }
  const result = document.body.appendChild(document.createElement('pre'));
  result.textContent = JSON.stringify({ texts: texts.length, boxes: boxes.length, found });
`;

describe('the picture of a plan', () => {
  const plan = planOfStandard();
  const svg = renderPlanSvg(plan);
  const page = renderPlanPage(plan);

  it('marks the root switch and says on which side each step is, without colour', () => {
    for (const picture of [svg, page]) {
      expect(picture.match(/the root is switched here/g)).to.have.length(1);
      const switched = plan.steps.findIndex(({ switchesRoot }) => switchesRoot);
      expect(picture.match(/>the host's tree</g)).to.have.length(switched);
      expect(picture.match(/>the container's tree</g)).to.have.length(
        plan.steps.length - switched - 1,
      );
      for (const { step } of plan.steps) expect(picture).to.include(`. ${step}<`);
    }
  });

  it('takes names for text and never for markup', () => {
    for (const picture of [svg, page]) {
      expect(picture).not.to.include('<script');
      expect(picture).to.include('&lt;script&gt;');
    }
    expect(escapeMarkup('a\u0000b\uD800"')).to.equal('a\uFFFDb\uFFFD&quot;');
  });

  it('loads nothing: no script, no address', () => {
    for (const picture of [svg, page])
      expect(picture.replace('http://www.w3.org/2000/svg', '')).not.to.match(
        /https?:|url\((?!#)|@import|<link|<script|\son\w+=/,
      );
  });

  it('draws mounts as a tree, covered ones in front of what covers them', () => {
    const mount = (mountPoint: string) => ({
      mountPoint,
      fstype: 'tmpfs',
      source: 's',
      options: 'rw',
    });
    const rows = mountRows(['/', '/dev', '/dev/pts', '/proc', '/dev/shm', '/dev'].map(mount));
    expect(rows.map((row) => `${treeLines(row)}${row.name}`)).to.deep.equal([
      '/',
      '├─ /dev',
      '│  ├─ pts',
      '│  └─ shm',
      '├─ /proc',
      '└─ /dev',
    ]);
  });

  it('breaks lines between words, and long words inside', () => {
    expect(wrapText('one two three', 7)).to.deep.equal(['one two', 'three']);
    expect(wrapText('abcdefgh i', 5)).to.deep.equal(['abcde', 'fgh i']);
    expect(wrapText('', 5)).to.deep.equal([]);
  });

  it('is not cut and nothing is over anything else, in Chromium', function () {
    const chromium = findChromium();
    if (chromium === undefined) {
      this.test!.title += ' (needs chromium)';
      this.skip();
    }
    this.timeout(120_000);
    const folder = mkdtempSync(join(tmpdir(), 'nsinit-picture-'));
    try {
      const both = `<!doctype html><meta charset="utf-8"><body>${svg}<iframe sandbox="allow-same-origin" srcdoc="${escapeMarkup(page)}"></iframe><script>onload = () => {${MEASURE}}</script>`;
      writeFileSync(join(folder, 'both.html'), both);
      const picture = join(folder, 'both.png');
      const dom = openInChromium(
        chromium,
        join(folder, 'both.html'),
        '--window-size=1200,1600',
        '--dump-dom',
        `--screenshot=${picture}`,
      );
      const result = /<pre>(\{"texts".*\})<\/pre>/.exec(dom)?.[1] ?? '{}';
      const measured = JSON.parse(result) as Record<string, unknown>;
      expect(measured).to.deep.include({ boxes: plan.steps.length, found: [] });
      expect(measured.texts).to.be.greaterThan(60);
      // An empty page of that size has 6 KB.
      expect(readFileSync(picture).length).to.be.greaterThan(50_000);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
