import { constants } from 'node:os';

/** Signal numbers by name, as Node knows them. */
export const SIGNAL_NUMBERS: Readonly<Record<NodeJS.Signals, number>> = constants.signals;

/** The number of a signal given by name or number. @throws TypeError when it is none. */
export function signalNumber(signal: NodeJS.Signals | number): number {
  const number =
    typeof signal === 'number' ? signal : (SIGNAL_NUMBERS[signal] as number | undefined);
  if (number === undefined || !Number.isInteger(number) || number < 0 || number > 64) {
    throw new TypeError(`unknown signal ${JSON.stringify(signal)}`);
  }
  return number;
}

const NAMES = new Map(
  Object.entries(SIGNAL_NUMBERS).map(([name, number]) => [number, name as NodeJS.Signals]),
);
// Aliases that come later in the table.
NAMES.set(SIGNAL_NUMBERS.SIGABRT, 'SIGABRT').set(SIGNAL_NUMBERS.SIGIO, 'SIGIO');

/** The name of a signal; real-time ones have none in Node. */
export const signalName = (number: number): NodeJS.Signals =>
  NAMES.get(number) ?? (`SIG${number}` as NodeJS.Signals);
