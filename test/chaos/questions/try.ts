import { pulumiEnvironment } from "/work/main/toolchain/environment.ts";
process.chdir("/work/main");
Object.assign(process.env, await pulumiEnvironment("/work/main"));
const { Board } = await import("/work/main/test/chaos/questions/board.ts");
const t = Date.now();
const board = await Board.make();
console.log("made", (Date.now() - t) / 1000, board.standIn.asked.length);
try {
  const show = (name: string, ended: {code: number; seconds: number; output: string}) => {
    console.log(`\n== ${name}: code ${ended.code}, ${ended.seconds.toFixed(1)} s, ${board.standIn.asked.length} asked`);
    const kinds = new Map<string, number>();
    for (const { who, kind } of board.standIn.asked) kinds.set(`${who}: ${kind}`, (kinds.get(`${who}: ${kind}`) ?? 0) + 1);
    console.log([...kinds].map(([k, n]) => `${k} x${n}`).join("\n"));
    if (ended.code !== 0) console.log(ended.output.slice(-1500));
  };
  const go = async (verb: string, ...words: string[]) => { board.standIn.begin(); show(verb, await board.npm(verb, ...words)); };
  await board.change();
  await go("up", "--yes");
  for (const [verb, ...words] of [["status"], ["drift"], ["releases"], ["logs"], ["cp", "web-1:/app/package.json", "/tmp/xx-questions"], ["cp", "package.json", "volume/data:/package.json"], ["prune", "--yes"], ["backup"], ["backups"], ["drill"], ["restore", "data", "--yes"], ["secrets"], ["watchdog", "--once"], ["destroy"], ["adopt"], ["preview"], ["rollback"], ["doctor"]]) await go(verb!, ...words);
  const steps = await board.steps();
  for (const [name, step] of steps) {
    board.standIn.begin();
    show(`step ${name}`, await board.run("node", [`steps/${step.verb}.ts`], { stdin: step.stdin, env: step.env }));
  }
} finally { await board.remove(); }
