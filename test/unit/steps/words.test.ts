import { logLines, parseProbes, story } from "../../../steps/diagnosis.ts";
import { probeWords } from "../../../steps/probe.ts";
import { pauseWords } from "../../../steps/takeOver.ts";
import { doneBefore } from "../../../steps/job.ts";
import { failed } from "../../../steps/runJob.ts";
import { parseRoutes } from "../../../engine/live.ts";
import { surplus } from "../../../steps/prune.ts";
import { deployWords, maintenanceWords } from "../../../engine/gatewayWords.ts";
import { verdictIn, verdictWords } from "../../../steps/switch.ts";
import { GATE as gate, JOB, ROUTE as route } from "../../support/stepInputs.ts";

/** Options and their values, each pair on its own. */
const optionsOf = (words: readonly string[]) =>
  words.map((word, index) => (word.startsWith("--") ? [word, words[index + 1]].join(" ") : "")).filter((text) => text !== "");

describe("the gate's probe", () => {
  test("is a deployment under a host that no one can ask for", () => {
    expect(probeWords(gate, "1234.invalid")).toEqual([
      "deploy",
      "gate-3f9a1c2b7d4e",
      "--host",
      "1234.invalid",
      "--target",
      "web-1:3000",
      "--target",
      "web-2:3000",
      "--health-check-path",
      "/up",
      "--health-check-interval",
      "0.2s",
      "--health-check-timeout",
      "5s",
      "--deploy-timeout",
      "60s",
      "--drain-timeout",
      "1s",
    ]);
  });

  test("is never less often than configured", () => {
    expect(optionsOf(probeWords({ ...gate, health: { ...gate.health, interval: 0.05 } }, "h"))).toContain("--health-check-interval 0.05s");
  });
});

describe("the switch", () => {
  test("sends all traffic to the release and drains the old one", () => {
    expect(deployWords(route)).toEqual([
      "deploy",
      "app",
      "--target",
      "web-1:3000",
      "--target",
      "web-2:3000",
      "--health-check-path",
      "/up",
      "--health-check-interval",
      "1s",
      "--health-check-timeout",
      "5s",
      "--deploy-timeout",
      "60s",
      "--drain-timeout",
      "30s",
    ]);
  });

  test("answers for the hosts alone where some are given", () => {
    expect(optionsOf(deployWords({ ...route, hosts: ["example.com", "*.example.com"] }))).toEqual(
      expect.arrayContaining(["--host example.com", "--host *.example.com"]),
    );
  });

  test("has certificates from ACME with nothing but --tls", () => {
    const words = deployWords({ ...route, hosts: ["example.com"], tls: "acme" });
    expect(words.filter((word) => word.startsWith("--tls"))).toEqual(["--tls"]);
  });

  test("finds its own certificate on the gateway's volume", () => {
    const folder = "/home/kamal-proxy/.config/kamal-proxy";
    expect(optionsOf(deployWords({ ...route, hosts: ["example.com"], tls: "own" })).filter((text) => text.startsWith("--tls-"))).toEqual([
      `--tls-certificate-path ${folder}/berth-certificate.pem`,
      `--tls-private-key-path ${folder}/berth-key.pem`,
    ]);
  });

  test("is followed by an open door", () => {
    expect(maintenanceWords(route)).toEqual(["resume", "app"]);
  });

  test("is followed by a shut one in maintenance, whose message may have blanks and quotes", () => {
    expect(maintenanceWords({ ...route, maintenance: "Back at 'noon'; rm -rf /" })).toEqual([
      "stop",
      "app",
      "--message",
      "Back at 'noon'; rm -rf /",
      "--drain-timeout",
      "30s",
    ]);
  });
});

describe("requests are held", () => {
  test("as long as draining, the gate's deadline and a minute to stop and start", () => {
    expect(pauseWords(gate)).toEqual(["pause", "app", "--drain-timeout", "30s", "--max-pause", "150s"]);
  });

  test("longer where a migration runs meanwhile", () => {
    expect(optionsOf(pauseWords({ ...gate, migration: { job: JOB, snapshot: null } }))).toContain("--max-pause 450s");
  });
});

describe("the routes that kamal-proxy lists", () => {
  const head =
    "\u001b[3;94mService\u001b[0m  \u001b[3;94mHost\u001b[0m  \u001b[3;94mPath\u001b[0m  \u001b[3;94mTarget\u001b[0m                        \u001b[3;94mState\u001b[0m    \u001b[3;94mTLS\u001b[0m  ";

  test("are read without colours and padding, each with all its targets", () => {
    const row =
      "\u001b[1;34mapp\u001b[0m      \u001b[m*\u001b[0m     \u001b[m/\u001b[0m     \u001b[mweb-1:8080,web-2:8080\u001b[0m  \u001b[mrunning\u001b[0m  \u001b[mno\u001b[0m   ";
    expect(parseRoutes(`${head}\n${row}\n`)).toEqual([
      { service: "app", host: "*", targets: ["web-1:8080", "web-2:8080"], state: "running" },
    ]);
  });

  test("are told apart, with their hosts and states", () => {
    const rows = [
      "app       example.com,*.example.com  /  web-1:80  paused   yes  ",
      "gate-3f9  1234.invalid               /  web-2:80  stopped  no   ",
    ];
    expect(parseRoutes([head, ...rows, ""].join("\n"))).toEqual([
      { service: "app", host: "example.com,*.example.com", targets: ["web-1:80"], state: "paused" },
      { service: "gate-3f9", host: "1234.invalid", targets: ["web-2:80"], state: "stopped" },
    ]);
  });

  test.each([
    ["none at all", ""],
    ["a head alone", `${head}\n`],
  ])("are none where there is %s", (_, text) => {
    expect(parseRoutes(text)).toEqual([]);
  });
});

describe("the releases that had a job", () => {
  test.each<[string, string, string[]]>([
    [
      "are read from what it printed last",
      "migration: one table\ndone for releases: a b\nrelease c: 2 of 2 healthy after 0.1 s\n",
      ["a", "b"],
    ],
    ["are those of the last line of that kind", "done for releases: a\ndone for releases: a b", ["a", "b"]],
    ["are none where the job itself printed such a line", "migration: done for releases: z", []],
    ["are none before the first", "", []],
    ["are none where it was never run", "done for releases: ", []],
  ])("%s", (_, stdout, expected) => {
    expect(doneBefore(stdout)).toEqual(expected);
  });
});

describe("a job that failed", () => {
  test("is told with its exit code and its last lines", () => {
    expect(failed(JOB, 3, "0.5", ["no such table", "  at line 1"]).split("\n")).toEqual([
      "the migration of release 3f9a1c2b7d4e failed with exit code 3 after 0.5 s",
      "  its last lines:",
      "    no such table",
      "      at line 1",
    ]);
  });

  test("is told apart from one that took too long", () => {
    expect(failed(JOB, undefined, "301.0", []).split("\n")).toEqual([
      "the migration of release 3f9a1c2b7d4e was stopped: it took longer than 300 s",
      "  it printed nothing",
    ]);
  });
});

describe("a canary", () => {
  const limits = { duration: 60, errors: 5, slowdown: 3, minRequests: 20 };
  const canary = { release: "bbbbbbbbbbbb", targets: ["canary-1"], port: 9000, limits };

  test("is one more target of the switch, at its own port", () => {
    expect(optionsOf(deployWords({ ...route, canary })).filter((text) => text.startsWith("--target"))).toEqual([
      "--target web-1:3000",
      "--target web-2:3000",
      "--target canary-1:9000",
    ]);
  });

  test.each([
    [20, "good"],
    [19, "held"],
  ])("with %p answers within the limits is %s, which can be read again", (requests, verdict) => {
    const words = verdictWords("bbbbbbbbbbbb", requests, limits);
    expect(words).toMatch(new RegExp(`^canary bbbbbbbbbbbb is ${verdict}: ${requests} answers in 60 s`));
    expect(verdictIn(`baking, 0 s to go\n${words}\nrelease a is live`)).toBe(verdict);
  });

  test("has no verdict where nothing says so at the begin of a line", () => {
    expect(verdictIn("smoke-test: canary b is good: x\nrelease a is live")).toBe("");
  });
});

test.each<[string, string[], string[], string[]]>([
  ["none of what is kept", ["app:a", "app:b"], ["app:a", "app:b"], []],
  ["all else", ["app:a", "app:b", "app:c"], ["app:b"], ["app:a", "app:c"]],
  ["an image with several tags once", ["app:a", "app:a"], [], ["app:a"]],
  ["nothing that has another's name", ["application:a", "app", "registry/app:a"], [], []],
  ["nothing where there is nothing", [], ["app:a"], []],
])("surplus is %s", (_, images, keep, expected) => {
  expect(surplus(images, "app", keep)).toEqual(expected);
});

describe("the gateway's log", () => {
  const line = (url: string, error: string, msg = "Healthcheck failed") =>
    JSON.stringify({ time: "2026-01-02T03:04:05Z", level: "INFO", msg, url, error });

  test("tells the last failed probe of each candidate, and of no one else", () => {
    const log = [
      line("http://web-1:3000/up", 'Get "http://web-1:3000/up": dial tcp 172.18.0.3:3000: connect: connection refused'),
      line("http://web-10:3000/up", "unexpected status (500)"),
      line("http://web-1:3000/up", "unexpected status (503)"),
      line("http://other:3000/up", "unexpected status (500)"),
      line("http://web-2:3000/up", "request timed out"),
      line("http://web-2:3000/up", "", "Healthcheck passed"),
      "not JSON at all",
      '{"msg":"Healthcheck failed","url":"http://web-1:30',
      "",
    ].join("\n");
    expect(parseProbes(log, ["web-1", "web-2", "web-3"])).toEqual([
      { container: "web-1", url: "http://web-1:3000/up", answer: "unexpected status (503)" },
      { container: "web-2", url: "http://web-2:3000/up", answer: "request timed out" },
    ]);
  });

  test("is told without the URL that is said already", () => {
    const log = line("http://web-1:3000/up", 'Get "http://web-1:3000/up": connection refused');
    expect(parseProbes(log, ["web-1"])[0]?.answer).toBe("connection refused");
  });
});

describe("the story of a failed gate", () => {
  const found = {
    container: "web-1",
    seconds: "60.2",
    state: "running, exit code 0, restarts 0, killed for memory false",
    log: logLines("web-1", "starting\nno database\n"),
  };
  const END = [
    "  No traffic was switched: the release that was live before goes on serving.",
    "  Mend the app or its configuration and run the update again. To clear this release away: npm run rollback -- --to <the live one>",
  ];

  test("names the container, the probed URL with its last answer, and the last log lines", () => {
    const probe = { container: "web-1", url: "http://web-1:3000/up", answer: "unexpected status (503)" };
    expect(story(gate, { ...found, probe, body: "503 no database" }).split("\n")).toEqual([
      `release 3f9a1c2b7d4e is not healthy: http://web-1:3000/up answered: unexpected status (503) for 60.2 s (deadline 60 s; container web-1: ${found.state})`,
      "  last answer: 503 no database",
      "  last log lines of web-1:",
      "    starting",
      "    no database",
      ...END,
    ]);
  });

  test("says where it looked when nothing answered at all", () => {
    expect(story(gate, { ...found, log: logLines("web-1", "") }).split("\n")).toEqual([
      `release 3f9a1c2b7d4e is not healthy: http://web-1:3000/up gave no answer for 60.2 s (deadline 60 s; container web-1: ${found.state})`,
      "  web-1 wrote no log",
      ...END,
    ]);
  });

  test("of a container that ended by itself says so first", () => {
    const state = "exited, exit code 1, restarts 0, killed for memory false";
    expect(story(gate, { ...found, seconds: "0.7", state, crashed: "web-1" }).split("\n")[0]).toBe(
      `release 3f9a1c2b7d4e is not healthy: container web-1 ended by itself after 0.7 s (${state})`,
    );
  });

  test("has at most the last 50 lines of a long log", () => {
    const log = Array.from({ length: 80 }, (_, index) => `line ${index + 1}`).join("\n");
    const lines = story(gate, { ...found, log: logLines("web-1", log) })
      .split("\n")
      .filter((text) => text.startsWith("    line"));
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([50, "    line 31", "    line 80"]);
  });
});
