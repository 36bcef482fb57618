import { writeFileSync } from "node:fs";
import { pulumiEnvironment } from "/work/main/toolchain/environment.ts";
process.chdir("/work/main");
Object.assign(process.env, await pulumiEnvironment("/work/main"));
const { runQuestions } = await import("/work/main/test/chaos/questions/questions.ts");
const started = Date.now();
const ac = new AbortController();
for (const s of ["SIGINT", "SIGTERM"] as const) process.on(s, () => ac.abort());
const results = await runQuestions({
  only: process.argv[2]?.split(","),
  boards: Number(process.argv[3] ?? 1),
  signal: ac.signal,
  say: (l) => console.log(((Date.now() - started) / 1000).toFixed(0), l),
});
writeFileSync(`/tmp/questions-${process.argv[4] ?? "x"}.json`, JSON.stringify(results, undefined, 1));
for (const { subject, calls, kinds, cases } of results) {
  const n = (o: string) => cases.filter((c) => c.outcome === o).length;
  console.log(
    subject,
    calls,
    kinds,
    "cases",
    cases.length,
    "refused",
    n("refused"),
    "went on",
    n("went on"),
    "not reached",
    n("not reached"),
    "WRONG",
    n("WRONG"),
    "max s",
    Math.max(0, ...cases.map((c) => c.seconds)).toFixed(1),
  );
}
