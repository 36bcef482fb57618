/** A stand-in for the `docker` command: it answers as told, records what it was asked, and knows no engine. */
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { temporaryFolder, write } from "./folders.ts";

/** What the fake says to commands that begin with certain words. */
export interface Answer {
  /** The command's first words, such as "image inspect". */
  readonly to: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exit?: number;
  /** Answers only so often; after that the next fitting answer holds. Default: always. */
  readonly times?: number;
  /** Waits before it ends, without a word. Default: 0. */
  readonly seconds?: number;
  /** Stays for so many seconds after its words, as `logs --follow` does. Default: 0. */
  readonly open?: number;
}

export interface FakeDocker {
  /** Environment with the fake first on PATH and an engine address that leads nowhere. */
  readonly env: NodeJS.ProcessEnv;
  /** The words of each command so far, in order. */
  calls(): string[][];
  /** The engines (DOCKER_HOST) that the commands were for, each once. */
  engines(): string[];
  /** What the command of that number (from 0) was given by standard input. */
  stdin(call: number): Buffer;
}

const WORD_END = "\x1f";
const CALL_END = "\x1e\n";

/** Makes a fake. A command that no answer fits fails loudly; the first answer that fits holds. */
export function fakeDocker(answers: readonly Answer[]): FakeDocker {
  const folder = temporaryFolder();
  const script = [
    "#!/bin/sh",
    `cd ${folder}`,
    // Several commands may run at once: a folder's name is taken by exactly one of them.
    "n=0; while ! mkdir call.$n 2>/dev/null; do n=$((n+1)); done",
    `for word in "$@"; do printf '%s${WORD_END}' "$word"; done > call.$n/words`,
    `printf '${CALL_END}' >> call.$n/words`,
    'echo "$DOCKER_HOST" >> engines',
    'case "$1" in cp) cat > call.$n/stdin;; esac',
    ...answers.map(answerLines),
    `echo "fake docker: unexpected command: $*" >&2; exit 125`,
  ];
  write(join(folder, "docker"), { text: script.join("\n") + "\n", mode: 0o755 });
  return {
    env: { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"]}`, DOCKER_HOST: "unix:///nonexistent/docker.sock" },
    calls: () => {
      const found: string[][] = [];
      for (let n = 0; existsSync(join(folder, `call.${n}/words`)); n++) {
        found.push(readFileSync(join(folder, `call.${n}/words`), "utf8").replace(CALL_END, "").split(WORD_END).slice(0, -1));
      }
      return found;
    },
    engines: () => [...new Set(readFileSync(join(folder, "engines"), "utf8").trimEnd().split("\n"))],
    stdin: (call) => readFileSync(join(folder, `call.${call}/stdin`)),
  };
}

function answerLines({ to, stdout, stderr, exit = 0, times, seconds, open }: Answer, index: number): string {
  const answer = [
    ...(seconds ? [`exec sleep ${seconds}`] : []),
    ...(stdout ? [`printf '%s\\n' ${quote(stdout)}`] : []),
    ...(stderr ? [`printf '%s\\n' ${quote(stderr)} >&2`] : []),
    ...(open ? [`exec sleep ${open}`] : []), // it becomes the process, so that a signal to it ends all
    `exit ${exit}`,
  ].join("; ");
  const guarded = times === undefined ? answer : `i=0; while [ $i -lt ${times} ]; do if mkdir answer.${index}.$i 2>/dev/null; then ${answer}; fi; i=$((i+1)); done`;
  return `case "$*" in ${quote(to)}*) ${guarded};; esac`;
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
