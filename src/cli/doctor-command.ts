import { diagnose, type Diagnosis } from '../runtime/doctor.js';
import { colorsOfOutput } from './colors.js';

/** `nsinit doctor`. @returns the exit status: 0 when `nsinit run` works for this user. */
export async function doctor(json: boolean, write: (text: string) => void): Promise<number> {
  const diagnosis = await diagnose();
  write(json ? `${JSON.stringify(diagnosis, null, 2)}\n` : describeDiagnosis(diagnosis));
  return diagnosis.works ? 0 : 1;
}

/** As text: what works in a line, what does not with what to do. */
export function describeDiagnosis({ works, kernel, uid, capabilities }: Diagnosis): string {
  const pc = colorsOfOutput();
  const width = Math.max(...capabilities.map(({ name }) => name.length));
  const lines = capabilities.flatMap(({ name, works: ok, purpose, error, without, change }) => {
    const mark = ok ? pc.green('yes') : pc.yellow('no ');
    const head = `${mark}  ${name.padEnd(width)}  ${purpose}`;
    if (ok) return [head];
    const indent = ' '.repeat(width + 7);
    return [
      head,
      `${indent}${pc.dim('refused:')} ${error}`,
      `${indent}${pc.dim('without:')} ${without}`,
      `${indent}${pc.dim('change: ')} ${change}`,
    ];
  });
  const verdict = works
    ? pc.green('nsinit run works for this user')
    : pc.red('nsinit run does not work for this user');
  return `${[`Linux ${kernel}, user ${uid}: ${verdict}`, '', ...lines].join('\n')}\n`;
}
