// The files that the tidy rules look at: every text file of the project that somebody wrote.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `path` is relative to the checkout, with forward slashes. */
export type SourceFile = { readonly path: string; readonly text: string };

/** A rule answers with one line for each place that breaks it. */
export type Rule = (files: readonly SourceFile[]) => readonly string[];

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const skipped = new Set(['node_modules', '.git', '.waybill', 'coverage', 'histories', 'dist']);
const written =
  /\.(ts|mjs|js|json|jsonc|md|yml|yaml|sql|html|css|sh|example)$|(^|\/)(Dockerfile|run)$/;

export function readProject(): readonly SourceFile[] {
  return walk('')
    .filter((path) => written.test(path) && path !== 'package-lock.json')
    .map((path) => ({ path, text: readFileSync(join(checkout, path), 'utf8') }));
}

export function isCode(file: SourceFile): boolean {
  return /\.(ts|mjs)$/.test(file.path);
}

/** The text without comments, line numbers kept. */
export function withoutComments(text: string): string {
  return text
    .replace(/^\s*\/\*[\s\S]*?\*\//gm, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/^\s*\/\/.*$/gm, '');
}

export function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

function walk(folder: string): readonly string[] {
  return readdirSync(join(checkout, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (skipped.has(entry.name)) return [];
    return entry.isDirectory() ? walk(path) : entry.isFile() ? [path] : [];
  });
}
