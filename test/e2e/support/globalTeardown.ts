import { execFileSync } from "node:child_process";

/** Fails the run when a test left something behind. */
export default function globalTeardown(): void {
  const left = ["ps --all", "volume ls", "network ls", "image ls"].flatMap((list) =>
    execFileSync("docker", [...list.split(" "), "--filter", "label=berth.stack", "--format", "json"], { encoding: "utf8" })
      .split("\n")
      .filter((line) => line.includes(`-${process.pid}-`)),
  );
  if (left.length > 0) throw new Error(`the tests left things behind:\n${left.join("\n")}`);
}
