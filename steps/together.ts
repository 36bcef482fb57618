/** Does the same with each at once, and waits for all of them, also where one fails. @throws the first failure */
export async function together<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (const outcome of await Promise.allSettled(items.map(work))) if (outcome.status === "rejected") throw outcome.reason;
}
