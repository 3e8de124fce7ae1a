// Runs before every npm command, on whatever Node started npm (20 or newer), so plain JavaScript.
// Installs the packages when they are not those of the lock file; Node 24, on which everything else
// runs, is one of them on Linux. Two at once in a checkout: the second waits for the first.
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const nodeComesWithPackages =
  process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
const lockFile = join(root, '.waybill', 'bootstrap.lock');

if (process.platform === 'win32') fail('Waybill runs on Linux and macOS; on Windows use WSL.');
if (!isInstalled()) {
  const release = await takeLock();
  try {
    if (!isInstalled()) await install();
  } finally {
    release();
  }
}
requireNode24();

/** True when node_modules is whole and holds exactly the versions of the lock file. */
function isInstalled() {
  try {
    const wanted = packagesIn('package-lock.json');
    const present = packagesIn('node_modules/.package-lock.json');
    if (nodeComesWithPackages && !existsSync(join(root, 'node_modules/.bin/node'))) return false;
    return Object.entries(wanted).every(
      ([path, { version, optional, devOptional }]) =>
        path === '' || optional || devOptional || present[path]?.version === version,
    );
  } catch {
    return false;
  }
}

function packagesIn(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
}

async function install() {
  const startedAt = Date.now();
  console.log('waybill: installing packages (about a minute the first time)');
  const clean = await runNpm(['ci']);
  // A registry that lags behind with other platforms' binaries makes `ci` call the lock incomplete.
  // `install --no-save` obeys the same lock and leaves it untouched.
  if (clean.status !== 0 && /Missing: .* from lock file/.test(clean.output)) {
    console.log('waybill: `npm ci` finds the lock incomplete here; using `npm install --no-save`');
    const second = await runNpm(['install', '--no-save']);
    if (second.status !== 0) fail(`installing packages failed:\n${second.output}`);
  } else if (clean.status !== 0) {
    fail(`installing packages failed:\n${clean.output}`);
  }
  if (!isInstalled()) fail('the packages are installed, but not as the lock file says');
  console.log(`waybill: packages installed in ${Math.round((Date.now() - startedAt) / 1000)} s`);
}

/** npm by the way it was called itself, else the one on PATH; its error output is kept. */
function runNpm(command) {
  // Whatever NODE_ENV says: the tools are development packages, Node 24 itself is an optional one.
  const include = ['--include=dev', '--include=optional'];
  const args = [...command, ...include, '--no-audit', '--no-fund', '--loglevel=error'];
  const { npm_execpath: cli, npm_node_execpath: node } = process.env;
  const [program, first] = cli ? [node ?? process.execPath, [cli]] : ['npm', []];
  return new Promise((resolve) => {
    const child = spawn(program, [...first, ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    // An npm that outlives this process still writes to node_modules: it holds the lock too.
    if (child.pid !== undefined) appendFileSync(lockFile, `\n${markOf(child.pid)}`);
    let output = '';
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', (error) => resolve({ status: 1, output: error.message }));
    child.once('close', (status) => resolve({ status, output }));
  });
}

/** Waits for the lock; the lock of a dead process is taken over. Resolves to its release. */
async function takeLock() {
  mkdirSync(dirname(lockFile), { recursive: true });
  const own = `${lockFile}.${process.pid}`;
  writeFileSync(own, markOf(process.pid));
  for (let told = false; ; told = true) {
    try {
      linkSync(own, lockFile); // appears whole or not at all
      rmSync(own);
      return () => rmSync(lockFile, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readLock().find((mark) => isAlive(mark));
    if (holder === undefined) {
      rmSync(lockFile, { force: true });
    } else if (!told) {
      const pid = Number.parseInt(holder, 10);
      console.log(`waybill: waiting for process ${pid}, which is installing packages`);
    }
    await delay(500 + Math.random() * 500); // apart, so that two do not remove one lock each
  }
}

/** The marks of the processes that hold the lock, dead or alive. */
function readLock() {
  try {
    return readFileSync(lockFile, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function isAlive(mark) {
  return mark === markOf(Number.parseInt(mark, 10)) && !mark.endsWith('none');
}

/** "<pid> <start time>": names a process for good. */
function markOf(pid) {
  return `${pid} ${startOf(pid)}`;
}

/** A process's start time, "none" when there is no such process. */
function startOf(pid) {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? 'none' : fields[19]; // a zombie runs no more
    } catch {
      return 'none';
    }
  }
  return (
    spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() ||
    'none'
  );
}

function requireNode24() {
  if (nodeComesWithPackages || Number.parseInt(process.versions.node, 10) >= 24) return;
  fail(
    `Node ${process.versions.node} is too old: on this platform Waybill needs Node 24 or newer.\n` +
      'Install it (https://nodejs.org, or `brew install node`) and run the command again.',
  );
}

function fail(message) {
  console.error(`waybill: ${message}`);
  process.exit(1);
}
