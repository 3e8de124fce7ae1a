// Long polling: look, and while there is nothing, look again whenever a hint comes and every now and then, since hints
// may be lost and what they announce may become visible a little later.

type Wait = {
  readonly waitMs: number;
  /** How long to trust that no hint means no news. */
  readonly lookEveryMs: number;
  /** Aborted when the caller has gone or the process is closing. */
  readonly signals: readonly AbortSignal[];
  /** Resolves when there may be news, or after `ms`. */
  readonly hint: (ms: number) => Promise<unknown>;
};

/** After a hint whose news were not visible yet. */
const shortestSleepMs = 50;

/** The first answer that is not empty, or an empty one after `waitMs`. */
export async function pollUntil<T>(
  look: () => Promise<readonly T[]>,
  { waitMs, lookEveryMs, signals, hint }: Wait,
): Promise<readonly T[]> {
  const end = Date.now() + waitMs;
  for (;;) {
    const leftMs = end - Date.now();
    // Before looking: a hint between the look and the wait would be lost.
    const news = leftMs > 0 ? hint(Math.min(leftMs, lookEveryMs)) : undefined;
    const found = await look();
    if (found.length > 0 || !news || signals.some(({ aborted }) => aborted)) return found;
    const since = Date.now();
    await news;
    if (Date.now() - since < shortestSleepMs)
      await new Promise((resolve) => setTimeout(resolve, shortestSleepMs));
  }
}
