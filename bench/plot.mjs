const WIDTH = 760;
const LEFT = 300;
const BAR = 16;
const GAP = 6;

const escape = (text) =>
  text.replace(/[<>&]/g, (char) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[char] ?? char);

function bars({ title, unit, rows }, top) {
  const most = Math.max(...rows.map(({ value }) => value));
  const lines = rows.map(({ name, value }, index) => {
    const y = top + 26 + index * (BAR + GAP);
    const width = Math.max(1, ((WIDTH - LEFT - 90) * value) / most);
    const kind = name.startsWith('nsinit') ? 'own' : 'peer';
    return [
      `<text x="${LEFT - 8}" y="${y + 12}" text-anchor="end">${escape(name)}</text>`,
      `<rect class="${kind}" x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}"/>`,
      `<text x="${LEFT + width + 6}" y="${y + 12}">${value.toFixed(value < 100 ? 2 : 0)} ${unit}</text>`,
    ].join('');
  });
  const height = 26 + rows.length * (BAR + GAP) + 24;
  return {
    height,
    svg: `<text class="title" x="0" y="${top + 14}">${escape(title)}</text>${lines.join('')}`,
  };
}

/** The sections with times and rates as bars, one below the other. */
export function plot({ kernel, node, cpus }, sections) {
  let top = 30;
  const parts = [];
  for (const name of ['launch', 'command', 'set-up', 'throughput']) {
    const section = sections[name];
    if (section === undefined || section.rows.length === 0) continue;
    const { height, svg } = bars(section, top);
    parts.push(svg);
    top += height;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" font-family="sans-serif" font-size="12">
<style>.own{fill:#2a7d4f}.peer{fill:#9aa5b1}.title{font-weight:bold;font-size:14px}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>
<text x="0" y="14">Linux ${escape(kernel)}, ${cpus} processors, Node ${escape(node)}; medians</text>
${parts.join('\n')}
</svg>
`;
}
