/** The workflow for users: what it promises, and that its linter finds nothing. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { findActionlint } from "../support/actionlint.ts";

const FILE = ".github/workflows/ci.yml";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}
interface Job {
  readonly if?: string;
  readonly needs?: string | string[];
  readonly concurrency?: unknown;
  readonly permissions?: unknown;
  readonly steps: readonly Step[];
}
const workflow = parse(readFileSync(FILE, "utf8")) as {
  readonly on: unknown;
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
};
const { check, image, preview, deploy } = workflow.jobs as Record<"check" | "image" | "preview" | "deploy", Job>;
const commands = ({ steps }: Job) =>
  steps.flatMap(
    ({ run }) =>
      run
        ?.trimEnd()
        .split("\n")
        .map((line) => line.trim()) ?? [],
  );

test("every change is checked: lint, types, tests without an engine, the image", () => {
  expect(Object.keys(workflow.jobs)).toEqual(["check", "image", "preview", "deploy"]);
  expect(workflow.on).toEqual({ pull_request: null, push: { branches: ["main"] } });
  expect([check.if, image.if]).toEqual([undefined, undefined]);
  expect(commands(check)).toEqual(["npm ci", "npm run lint", "npm run types", "npm run test:unit", "npm test -- app"]);
  expect(commands(image)).toEqual(["docker build app"]);
});

test("a pull request from this repository is previewed where a stack is named", () => {
  expect(preview.if).toBe(
    "github.event_name == 'pull_request' && vars.PULUMI_STACK != '' && github.event.pull_request.head.repo.full_name == github.repository",
  );
  expect(preview.needs).toBe("check");
  expect(commands(preview)).toContain('npm run --silent preview -- --stack "$STACK" | tee "$RUNNER_TEMP/preview.txt"');
});

test("main alone goes live, after all checks, one deploy of a stack at a time and none cut off", () => {
  expect(deploy.if).toBe("github.event_name == 'push' && github.ref == 'refs/heads/main' && vars.PULUMI_STACK != ''");
  expect(deploy.needs).toEqual(["check", "image"]);
  expect(deploy.concurrency).toEqual({ group: "deploy-${{ vars.PULUMI_STACK }}", "cancel-in-progress": false });
  expect(commands(deploy).at(-1)).toBe('npm run --silent up -- --yes --stack "$STACK"');
});

test("a run may only read the repository, and the stack's secrets reach no step but the last", () => {
  expect(workflow.permissions).toEqual({ contents: "read" });
  for (const job of Object.values(workflow.jobs)) expect(job.permissions).toBeUndefined();
  for (const steps of [check.steps, image.steps, preview.steps.slice(0, -1), deploy.steps.slice(0, -1)]) {
    expect(JSON.stringify(steps).match(/secrets\.\w+/g) ?? []).toEqual(
      steps.some(({ uses }) => uses === "./.github/actions/engine") ? ["secrets.DOCKER_SSH_KEY"] : [],
    );
  }
});

test("without a backend of the user's, nothing is previewed or deployed", () => {
  for (const job of [preview, deploy]) {
    const last = job.steps.at(-1) as Required<Step>;
    const { status, stdout } = spawnSync("/bin/bash", ["-e", "-o", "pipefail", "-c", last.run], {
      encoding: "utf8",
      env: { PATH: "/nonexistent", STACK: "prod", PULUMI_ACCESS_TOKEN: "", PULUMI_BACKEND_URL: "", NO_BACKEND: "::error::no backend" },
    });
    expect([status, stdout]).toEqual([1, "::error::no backend\n"]);
  }
});

test("every action is pinned, and every script it runs is there", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  for (const step of Object.values(workflow.jobs).flatMap(({ steps }) => steps)) {
    if (step.uses) expect(step.uses).toMatch(/^\.\/|@(v\d+|[0-9a-f]{40})$/);
    for (const [, script = ""] of step.run?.matchAll(/npm run (?:--silent )?([\w:]+)/g) ?? []) expect(scripts).toHaveProperty([script]);
  }
});

const linter = findActionlint();
(linter.why ? test.skip : test)(`actionlint finds nothing${linter.why ? ` (skipped: ${linter.why})` : ""}`, () => {
  if (linter.why !== undefined) return;
  // Other linters, which it would run where the machine has them, are left out: the result is to be the same everywhere.
  const { status, stdout, stderr } = spawnSync(linter.program, ["-no-color", "-shellcheck=", "-pyflakes=", FILE], { encoding: "utf8" });
  expect([status, stdout + stderr]).toEqual([0, ""]);
});
