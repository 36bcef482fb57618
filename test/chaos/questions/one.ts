import { pulumiEnvironment } from "/work/main/toolchain/environment.ts";
process.chdir("/work/main");
Object.assign(process.env, await pulumiEnvironment("/work/main"));
const { Board } = await import("/work/main/test/chaos/questions/board.ts");
const { strike } = await import("/work/main/test/chaos/questions/strike.ts");
const { SUBJECTS } = await import("/work/main/test/chaos/questions/subjects.ts");
const board = await Board.make({ light: true });
try {
  const run = board.run.bind(board);
  board.run = async (...words) => {
    const ended = await run(...words);
    console.log("   >", ended.code, ended.seconds.toFixed(1), ended.output.trim().slice(-700).replaceAll("\n", "\n   > "));
    return ended;
  };
  const subject = SUBJECTS.find(({ name }) => name === "up")!;
  for (const kind of ["the standard input of container …", "to start container …"])
    for (const fault of ["error", "break", "silence"] as const) {
      console.log("##", kind, fault);
      const { outcome, problems } = await strike(board, subject, { who: "up", kind, number: 1, fault });
      console.log(outcome, problems);
      const { execFileSync } = await import("node:child_process");
      console.log(
        execFileSync("docker", [
          "ps",
          "-a",
          "--format",
          "{{.Names}} {{.Status}}",
          "--filter",
          `label=berth.stack=${board.checkout.stack}`,
        ]).toString(),
      );
    }
} finally {
  await board.remove();
}
