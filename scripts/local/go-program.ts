// Programs that are built once with `go install` and cached by version.

import { join } from 'node:path';
import { cacheFolder, fillCache, findProgram, isExecutable, runTool } from './cache.ts';
import { withProgress } from './progress.ts';

export type GoProgram = {
  /** In the cache; names the version. */
  readonly name: string;
  readonly title: string;
  /** `module/path@version`. */
  readonly package: string;
  /** In words: `4 to 10 minutes`. */
  readonly takes: string;
};
type Log = (line: string) => void;

export const findGo = (): string | undefined => findProgram('go', ['/usr/local/go/bin']);

/** Where it is once it is built. */
export function builtPath(program: GoProgram): string {
  const [path = ''] = program.package.split('@');
  return join(cacheFolder(), program.name, path.split('/').at(-1) ?? '');
}

/** Cached or built; throws when there is no Go. */
export async function buildGoProgram(program: GoProgram, log: Log): Promise<string> {
  const path = builtPath(program);
  await fillCache(program.name, {
    log,
    isThere: () => isExecutable(path),
    make: (folder) => install(program, { folder, log }),
  });
  return path;
}

async function install(
  program: GoProgram,
  { folder, log }: { readonly folder: string; readonly log: Log },
): Promise<void> {
  const go = findGo();
  if (go === undefined) throw new Error('Go is not installed');
  let fetched = 0;
  let compiled = 0;
  await withProgress(`${program.title}: building it with Go (once, ${program.takes})`, {
    log,
    detail: () => `, ${fetched} modules fetched, ${compiled} packages compiled`,
    work: () =>
      runTool([go, 'install', '-v', program.package], {
        env: { GOBIN: folder },
        onLine: (line) => {
          if (line.startsWith('go: downloading')) fetched++;
          else if (!line.startsWith('go:')) compiled++;
        },
      }),
  });
}
