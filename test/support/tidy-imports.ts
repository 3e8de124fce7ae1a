// The rule "who may import whom", as in the table of the architecture page.
import { posix } from 'node:path';
import { isCode, lineOf, withoutComments, type Rule, type SourceFile } from './tidy-files.ts';

type Import = { readonly target: string; readonly typeOnly: boolean; readonly line: number };
type Row = {
  /** Folders whose values (and types) may be imported, beside the folder's own. */
  readonly values: readonly string[];
  /** Files of which only types may be imported. */
  readonly types: readonly string[];
  /** Which packages; undefined = any. */
  readonly packages: RegExp | undefined;
};

const none = /^$/;
const table: Readonly<Record<string, Row>> = {
  domain: { values: [], types: [], packages: none },
  dispatch: { values: ['domain'], types: [], packages: none },
  workflows: {
    values: ['domain'],
    types: ['activities/contract.ts'],
    packages: /^@temporalio\/(workflow|common)$/,
  },
  activities: {
    values: ['domain', 'dispatch', 'adapters', 'db', 'log.ts'],
    types: [],
    packages: /^(node:|@temporalio\/(activity|common)$)/,
  },
  adapters: { values: ['domain', 'log.ts'], types: [], packages: undefined },
  db: { values: ['domain'], types: [], packages: undefined },
  api: {
    values: ['domain', 'dispatch', 'db', 'adapters', 'log.ts'],
    types: [],
    packages: /^(?!@temporalio\/)/,
  },
  worker: { values: ['activities', 'adapters', 'db', 'log.ts'], types: [], packages: undefined },
  sandbox: { values: ['domain'], types: [], packages: /^(?!@temporalio\/|pg$|kysely$|ioredis$)/ },
  web: { values: ['domain'], types: [], packages: undefined },
};
/** Folders that may import anything; all others must stand in the table. */
const free = new Set(['scripts', 'test', 'bench', 'docs', 'deploy']);

export const importsFollowTheTable: Rule = (files) =>
  files.filter((file) => isCode(file) && file.path.includes('/')).flatMap((file) => judge(file));

function judge(file: SourceFile): readonly string[] {
  const [folder = ''] = file.path.split('/');
  if (free.has(folder)) return [];
  const row = table[folder];
  if (row === undefined) return [`${file.path}: the folder ${folder} is not in the table`];
  return importsOf(file).flatMap((found) => {
    const reason = whyNot(found, { file, folder, row });
    return reason === undefined ? [] : [`${file.path}:${found.line}: ${reason}`];
  });
}

function whyNot(
  { target, typeOnly }: Import,
  from: { readonly file: SourceFile; readonly folder: string; readonly row: Row },
): string | undefined {
  const { file, folder, row } = from;
  if (!target.startsWith('.')) {
    if (row.packages === undefined || row.packages.test(target)) return undefined;
    return `${folder} may not import the package ${target}`;
  }
  const path = posix.join(posix.dirname(file.path), target);
  const [root = ''] = path.split('/');
  if (file.path === 'activities/contract.ts' && !(root === 'domain' && typeOnly)) {
    return `the contract may import types of domain only, not ${path}`;
  }
  const isMain = file.path.endsWith('/main.ts');
  if (path === 'config.ts') return isMain ? undefined : 'config.ts is read in main.ts files only';
  if (path === 'log.ts' && isMain) return undefined;
  if (root === folder || row.values.includes(root)) return undefined;
  if (row.types.includes(path)) {
    return typeOnly ? undefined : `${folder} may import only types of ${path}`;
  }
  return `${folder} may not import ${path}`;
}

// `import { type A }` counts as a value: under verbatimModuleSyntax the module is loaded.
function importsOf(file: SourceFile): readonly Import[] {
  const text = withoutComments(file.text);
  const statement = /^(?:import|export)\s+(type\s[^'";]*?|[^'";]*?)\bfrom\s+['"]([^'"]+)['"]/gm;
  const bare = /^import\s+()['"]([^'"]+)['"]/gm;
  const call = /\bimport\(\s*()['"]([^'"]+)['"]/g;
  return [statement, bare, call].flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({
      target: match[2] ?? '',
      typeOnly: /^type\s+[^,]/.test(match[1] ?? ''),
      line: lineOf(text, match.index),
    })),
  );
}
