// The rules about names, exports, dependencies and paths.
import { isCode, lineOf, withoutComments, type Rule } from './tidy-files.ts';

const empty = new Set(['utils', 'services', 'managers', 'helpers', 'common']);

/** A folder is named after what is in it. */
export const foldersSayWhatIsInThem: Rule = (files) => {
  const folders = files.flatMap(({ path }) =>
    path
      .split('/')
      .slice(0, -1)
      .map((_, index, all) => all.slice(0, index + 1).join('/')),
  );
  return [...new Set(folders)]
    .filter((folder) => empty.has(folder.split('/').at(-1) ?? ''))
    .map((folder) => `${folder}/: says nothing about what is in it`);
};

/** A thing has one name everywhere; tools want a default export of their configuration. */
export const exportsAreNamed: Rule = (files) =>
  files
    .filter((file) => isCode(file) && !/\.config\.(ts|mjs)$/.test(file.path))
    .flatMap((file) =>
      places(withoutComments(file.text), /^export default\b|^export \{[^}]*\bas default\b/gm).map(
        (line) => `${file.path}:${line}: a default export`,
      ),
    );

/** Each dependency has its reason on the page, and the page names no other. */
export const dependenciesHaveReasons: Rule = (files) => {
  const manifest = files.find(({ path }) => path === 'package.json');
  const page = files.find(({ path }) => path === 'docs/decisions/dependencies.md');
  if (manifest === undefined || page === undefined) return ['package.json or its page is missing'];
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'];
  const parsed = JSON.parse(manifest.text) as Record<string, Record<string, string> | undefined>;
  const used = new Set(kinds.flatMap((kind) => Object.keys(parsed[kind] ?? {})));
  const reasoned = new Set(
    [...page.text.matchAll(/^\| `([^`]+)`\s+\|.*\S.*\|$/gm)].map((match) => match[1] ?? ''),
  );
  return [
    ...[...used]
      .filter((name) => !reasoned.has(name))
      .map((name) => `${name}: no row in ${page.path}`),
    ...[...reasoned]
      .filter((name) => !used.has(name))
      .map((name) => `${name}: in ${page.path} only`),
  ];
};

const machinePath = new RegExp(`(?<![\\w.@}\\])])/(?:${['root', 'home', 'work'].join('|')})/`, 'g');

/** Nothing depends on where somebody's checkout is. */
export const pathsAreOfNoMachine: Rule = (files) =>
  files.flatMap((file) =>
    places(file.text, machinePath).map((line) => `${file.path}:${line}: the path of one machine`),
  );

function places(text: string, pattern: RegExp): readonly number[] {
  return [...text.matchAll(pattern)].map((match) => lineOf(text, match.index));
}

/**
 * All workflows of a worker share their modules (worker/version.ts): what one order kept at the top of a module, another
 * would read. A collection there is typed as one that cannot change.
 */
export const workflowModulesKeepNothing: Rule = (files) =>
  files
    .filter(({ path }) => /^(workflows|domain)\//.test(path))
    .flatMap(({ path, text }) =>
      text
        .split('\n')
        .map((line, i) => ({ line, at: `${path}:${i + 1}` }))
        .filter(({ line }) => keeps.test(line))
        .map(({ at }) => `${at}: kept at the top of a module that all workflows share`),
    );

const keeps =
  /^(export )?((let|var) |const \w+(: (?!Readonly|readonly)[^=]*)? = (new (Map|Set|WeakMap|Array)\b|\[\];|\{\};))/;
