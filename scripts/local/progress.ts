// Tells that something long is still going on: at once, then every few seconds with the time gone.

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
  const timer = setInterval(() => {
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
