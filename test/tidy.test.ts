// The project keeps its own rules. Each rule is shown to fail on a planted source first.
import { describe, expect, test } from 'vitest';
import { readProject, type Rule, type SourceFile } from './support/tidy-files.ts';
import { importsFollowTheTable } from './support/tidy-imports.ts';
import {
  dependenciesHaveReasons,
  exportsAreNamed,
  foldersSayWhatIsInThem,
  pathsAreOfNoMachine,
  workflowModulesKeepNothing,
} from './support/tidy-names.ts';
import { filesAreShort, functionsAreShort } from './support/tidy-sizes.ts';

const project = readProject();

function file(path: string, ...lines: readonly string[]): SourceFile {
  return { path, text: lines.join('\n') };
}

function filler(count: number): readonly string[] {
  return Array.from({ length: count }, () => '  step();');
}

describe('the project', () => {
  const rules: Readonly<Record<string, Rule>> = {
    'imports follow the table of the architecture': importsFollowTheTable,
    'files have at most 400 lines': filesAreShort,
    'functions have at most 70 lines': functionsAreShort,
    'folders say what is in them': foldersSayWhatIsInThem,
    'exports are named': exportsAreNamed,
    'dependencies have their reasons': dependenciesHaveReasons,
    'no path of a machine is written down': pathsAreOfNoMachine,
    'what all workflows share keeps nothing': workflowModulesKeepNothing,
  };
  test.each(Object.entries(rules))('%s', (_, rule) => {
    expect(rule(project)).toEqual([]);
  });

  test('is read whole', () => {
    const paths = project.map(({ path }) => path);
    expect(paths).toContain('scripts/local/services.ts');
    expect(paths).toContain('package.json');
    expect(paths.some((path) => path.includes('node_modules'))).toBe(false);
  });
});

describe('imports', () => {
  test.each([
    ['domain/a.ts', "import { x } from '../db/x.ts';"],
    ['domain/a.ts', "import type { X } from '../api/x.ts';"],
    ['domain/a.ts', "import { readFile } from 'node:fs';"],
    ['dispatch/a.ts', "export { plan } from '../adapters/x.ts';"],
    ['workflows/a.ts', "import { order } from '../activities/contract.ts';"],
    ['workflows/a.ts', "import { type Order } from '../activities/contract.ts';"],
    ['workflows/a.ts', "import { Client } from '@temporalio/client';"],
    ['activities/a.ts', "import { order } from '../workflows/order.ts';"],
    ['activities/contract.ts', "import type { Row } from '../db/schema.ts';"],
    ['activities/contract.ts', "import { parse } from '../domain/ids.ts';"],
    ['api/routes/a.ts', "import {\n  charge,\n} from '../../activities/charge.ts';"],
    ['api/routes/a.ts', "import { Client } from '@temporalio/client';"],
    ['api/routes/a.ts', "import { config } from '../../config.ts';"],
    ['db/a.ts', "import { log } from '../log.ts';"],
    ['db/a.ts', "const x = await import('../api/x.ts');"],
    ['worker/a.ts', "import '../workflows/index.ts';"],
    ['sandbox/a.ts', "import { connect } from '../db/connect.ts';"],
    ['newcomer/a.ts', "import { x } from './x.ts';"],
  ])('refuses %s: %s', (path, text) => {
    expect(importsFollowTheTable([file(path, text)])).toHaveLength(1);
  });

  test.each([
    ['domain/a.ts', "import { x } from './x.ts';"],
    ['domain/a.ts', "// import { x } from '../db/x.ts';"],
    ['workflows/a.ts', "import type { Order } from '../activities/contract.ts';"],
    ['activities/contract.ts', "import type { Order } from '../domain/order.ts';"],
    ['api/main.ts', "import { config } from '../config.ts';"],
    ['api/app.ts', "import { log } from '../log.ts';"],
    ['db/main.ts', "import { log } from '../log.ts';"],
    ['test/api/a.test.ts', "import { anything } from '../../workflows/order.ts';"],
  ])('allows %s: %s', (path, text) => {
    expect(importsFollowTheTable([file(path, text)])).toEqual([]);
  });
});

describe('modules of workflows', () => {
  test.each([
    'let orders = 0;',
    'export let orders = 0;',
    'const seen = new Map<string, number>();',
    'const seen: Map<string, number> = new Map();',
    'const seen: string[] = [];',
  ])('refuses %s', (text) => {
    expect(workflowModulesKeepNothing([file('domain/a.ts', text)])).toHaveLength(1);
    expect(workflowModulesKeepNothing([file('api/a.ts', text)])).toEqual([]);
  });

  test.each([
    "const ended: ReadonlySet<string> = new Set(['completed']);",
    '  const total = new Map<number, number>();',
    'const names: readonly string[] = [];',
  ])('allows %s', (text) => {
    expect(workflowModulesKeepNothing([file('workflows/a.ts', text)])).toEqual([]);
  });
});

describe('sizes', () => {
  test('a file of 401 lines is refused, one of 400 is not', () => {
    expect(filesAreShort([file('a.ts', ...filler(401))])).toEqual(['a.ts: 401 lines, at most 400']);
    expect(filesAreShort([file('a.ts', ...filler(400))])).toEqual([]);
  });

  test.each([
    ['a declaration', 'export async function long(', '  a: string,', '): Promise<void> {', '}'],
    ['destructured parameters', 'function long({', '  a,', '}: Options): void {', '}'],
    ['an arrow function', 'const long = async (): Promise<void> => {', '', '', '};'],
    ['a test', "test('long', () => {", '', '', '});'],
    ['a method', '  long(a: string): void {', '', '', '  }'],
  ])('%s of 71 lines is refused, one of 70 is not', (_, first, second, third, last) => {
    const body = (count: number): SourceFile =>
      file(
        'a.ts',
        first,
        second,
        third,
        ...filler(count - 4).map((line) => `  ${line}`),
        last,
        '}',
      );
    expect(functionsAreShort([body(71)])).toEqual([
      expect.stringMatching(/^a\.ts:1: .* has 71 lines/),
    ]);
    expect(functionsAreShort([body(70)])).toEqual([]);
  });

  test('a suite of tests may be long', () => {
    expect(
      functionsAreShort([file('a.ts', "describe('x', () => {", ...filler(90), '});')]),
    ).toEqual([]);
  });
});

describe('names', () => {
  test.each(['utils', 'services', 'managers', 'helpers', 'common'])(
    'a folder %s is refused',
    (name) => {
      expect(foldersSayWhatIsInThem([file(`api/${name}/a.ts`)])).toHaveLength(1);
      expect(foldersSayWhatIsInThem([file(`api/${name}.ts`)])).toEqual([]);
    },
  );

  test('a default export is refused, except where a tool wants one', () => {
    expect(exportsAreNamed([file('api/a.ts', '', 'export default app;')])).toEqual([
      'api/a.ts:2: a default export',
    ]);
    expect(exportsAreNamed([file('api/a.ts', 'export { app as default };')])).toHaveLength(1);
    expect(exportsAreNamed([file('vitest.config.ts', 'export default {};')])).toEqual([]);
  });

  test('a dependency without a reason, and a reason without a dependency, are refused', () => {
    const manifest = file('package.json', '{ "dependencies": { "pg": "1", "kysely": "1" } }');
    const page = file(
      'docs/decisions/dependencies.md',
      '| `pg` | MIT | speaks |',
      '| `left` | MIT | pads |',
    );
    expect(dependenciesHaveReasons([manifest, page])).toEqual([
      'kysely: no row in docs/decisions/dependencies.md',
      'left: in docs/decisions/dependencies.md only',
    ]);
    expect(dependenciesHaveReasons([manifest])).toHaveLength(1);
  });

  test.each(['root', 'home', 'work'])(
    'a path below /%s is refused, a URL with it is not',
    (name) => {
      expect(pathsAreOfNoMachine([file('docs/a.md', `see /${name}/me/notes`)])).toHaveLength(1);
      expect(pathsAreOfNoMachine([file('docs/a.md', `GET https://host/${name}/me`)])).toEqual([]);
    },
  );
});
