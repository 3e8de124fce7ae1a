// Tells that something long is still going on: at once, then every ten seconds with the time gone.

const everyMs = 10_000;

/** Runs `work` and logs "<what>: 1 min 20 s, <detail>" while it lasts. */
export async function withProgress<T>(
  what: string,
  how: {
    readonly log: (line: string) => void;
    readonly detail: () => string;
    readonly work: () => Promise<T>;
  },
): Promise<T> {
  const startedAt = Date.now();
  how.log(`${what} …`);
  let ticks = 0;
  const timer = setInterval(() => {
    ticks++;
    if (ticks > 6 && ticks % 3 !== 0) return; // after a minute, every half minute will do
    how.log(`${what}: ${elapsed(Date.now() - startedAt)}${how.detail()}`);
  }, everyMs);
  try {
    const result = await how.work();
    how.log(`${what}: done in ${elapsed(Date.now() - startedAt)}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

/** "45 s", "1 min 20 s". */
function elapsed(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
