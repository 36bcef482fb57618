/** Notes that were acknowledged, and those that are stored. */

/** Ids of all stored notes, as often as each is stored. */
export async function storedNotes(url: string): Promise<Map<string, number>> {
  const stored = new Map<string, number>();
  for (let after: number | null | undefined; after !== null;) {
    const answer = await fetch(`${url}/notes?limit=100${after === undefined ? "" : `&after=${after}`}`);
    const page = (await answer.json()) as { notes: { id: string }[]; next: number | null };
    for (const { id } of page.notes) stored.set(id, (stored.get(id) ?? 0) + 1);
    after = page.next;
  }
  return stored;
}

/** In words what is wrong with the stored notes; nothing where each acknowledged one is stored once, and none twice. Pure. */
export function wrongNotes(acknowledged: Iterable<string>, stored: ReadonlyMap<string, number>): string[] {
  const lost = [...acknowledged].filter((id) => !stored.has(id));
  const twice = [...stored].filter(([, times]) => times > 1);
  return [
    ...(lost.length > 0 ? [`${lost.length} acknowledged notes are not stored, such as ${lost[0] ?? ""}`] : []),
    ...(twice.length > 0 ? [`${twice.length} notes are stored twice, such as ${twice[0]?.[0] ?? ""}`] : []),
  ];
}
