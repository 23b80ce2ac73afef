import { namedDescriptors } from './descriptor-text.js';
import type { SymbolClass } from './replay-layout.js';

/** A piece of a text: what it says, or a number that the kernel gives out anew each time. */
export type TextPiece =
  { readonly literal: string } | { readonly class: SymbolClass; readonly number: string };

/** The pieces of what a file says, by its path. */
export function contentPieces(path: string, content: string): TextPiece[] {
  return /(^|\/)mountinfo$/.test(path) ? mountinfoPieces(content) : [{ literal: content }];
}

/**
 * The pieces of what a symbolic link says, by its path: those of proc have numbers of processes and
 * of namespaces (namespaces(7)).
 */
export function linkPieces(path: string, target: string): TextPiece[] {
  const [, kind, namespace] = /^([a-z_]+:\[)(\d+)\]$/.exec(target) ?? [];
  if (kind !== undefined && namespace !== undefined && /(^|\/)ns\/[a-z_]+$/.test(path))
    return [{ literal: kind }, { class: 'namespace', number: namespace }, { literal: ']' }];
  const [, own, task, thread] = /^(\d+)(?:(\/task\/)(\d+))?$/.exec(target) ?? [];
  if (own === undefined || !/(^|\/)(thread-)?self$/.test(path)) return [{ literal: target }];
  if (task === undefined || thread === undefined) return [{ class: 'process', number: own }];
  return [
    { class: 'process', number: own },
    { literal: task },
    { class: 'process', number: thread },
  ];
}

/** Takes the text of a mountinfo file apart (proc_pid_mountinfo(5)). */
function mountinfoPieces(content: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  for (const line of content.split(/(?<=\n)/)) pieces.push(...linePieces(line));
  return joined(pieces);
}

function linePieces(line: string): TextPiece[] {
  const fields = line.split(/(?<= )/);
  const optionalEnd = fields.indexOf('- ');
  return fields.flatMap((field, index) => {
    if (index < 2) return numbered(/^()(\d+)( )$/, field, 'mount');
    // Only devices without a driver are numbered anew.
    if (index === 2) return numbered(/^(0:)(\d+)( )$/, field, 'device');
    if (index > 5 && index < optionalEnd)
      return numbered(/^((?:shared|master|propagate_from):)(\d+)( )$/, field, 'peers');
    // Layers of an overlay are named as they were mounted.
    return namedDescriptors(field).map((piece): TextPiece =>
      typeof piece === 'string'
        ? { literal: piece }
        : { class: 'descriptor', number: String(piece) },
    );
  });
}

function numbered(pattern: RegExp, field: string, symbolClass: SymbolClass): TextPiece[] {
  const [, before, number, after] = pattern.exec(field) ?? [];
  if (before === undefined || number === undefined || after === undefined)
    return [{ literal: field }];
  return [{ literal: before }, { class: symbolClass, number }, { literal: after }];
}

function joined(pieces: readonly TextPiece[]): TextPiece[] {
  const all: TextPiece[] = [];
  let literal = '';
  for (const piece of [...pieces, undefined]) {
    if (piece !== undefined && 'literal' in piece) {
      literal += piece.literal;
      continue;
    }
    if (literal !== '') all.push({ literal });
    literal = '';
    if (piece !== undefined) all.push(piece);
  }
  return all;
}
