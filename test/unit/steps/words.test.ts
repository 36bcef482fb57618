import { parseProbes, story } from "../../../steps/diagnosis.ts";
import { type GateInput, probeWords } from "../../../steps/gate.ts";
import { pauseWords } from "../../../steps/hold.ts";
import { surplus } from "../../../steps/prune.ts";
import { deployWords, maintenanceWords, type RouteInput } from "../../../steps/route.ts";

const gate: GateInput = {
  gateway: "gw",
  release: "3f9a1c2b7d4e",
  candidates: ["web-1", "web-2"],
  port: 3000,
  health: { path: "/up", interval: 1, timeout: 5, deadline: 60 },
};

const route: RouteInput = {
  gateway: "gw",
  service: "app",
  release: "3f9a1c2b7d4e",
  targets: ["web-1", "web-2"],
  port: 3000,
  hosts: [],
  tls: "off",
  health: { path: "/up", interval: 1, timeout: 5, deadline: 60 },
  drain: 30,
  maintenance: null,
};

/** Options and their values, each pair on its own. */
const optionsOf = (words: readonly string[]) =>
  words.map((word, index) => (word.startsWith("--") ? [word, words[index + 1]].join(" ") : "")).filter((text) => text !== "");

describe("the gate's probe", () => {
  test("is a deployment under a host that no one can ask for", () => {
    expect(probeWords(gate, "1234.invalid")).toEqual([
      "deploy", "gate-3f9a1c2b7d4e", "--host", "1234.invalid",
      "--target", "web-1:3000", "--target", "web-2:3000",
      "--health-check-path", "/up", "--health-check-interval", "0.2s", "--health-check-timeout", "5s",
      "--deploy-timeout", "60s", "--drain-timeout", "1s",
    ]);
  });

  test("is never less often than configured", () => {
    expect(optionsOf(probeWords({ ...gate, health: { ...gate.health, interval: 0.05 } }, "h"))).toContain("--health-check-interval 0.05s");
  });
});

describe("the switch", () => {
  test("sends all traffic to the release and drains the old one", () => {
    expect(deployWords(route)).toEqual([
      "deploy", "app", "--target", "web-1:3000", "--target", "web-2:3000",
      "--health-check-path", "/up", "--health-check-interval", "1s", "--health-check-timeout", "5s",
      "--deploy-timeout", "60s", "--drain-timeout", "30s",
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
      "stop", "app", "--message", "Back at 'noon'; rm -rf /", "--drain-timeout", "30s",
    ]);
  });
});

test("requests are held with a limit, while the open ones finish", () => {
  expect(pauseWords({ gateway: "gw", service: "app", drain: 30, patience: 150, because: "x" })).toEqual([
    "pause", "app", "--drain-timeout", "30s", "--max-pause", "150s",
  ]);
});

test.each<[string, string[], string[], string[]]>([
  ["none of what is kept", ["a", "b"], ["a", "b"], []],
  ["all else", ["a", "b", "c"], ["b"], ["a", "c"]],
  ["an image with several tags once", ["a", "a"], [], ["a"]],
  ["nothing where there is nothing", [""], ["a"], []],
])("surplus is %s", (_, images, keep, expected) => {
  expect(surplus(images, keep)).toEqual(expected);
});

describe("the gateway's log", () => {
  const line = (url: string, error: string, msg = "Healthcheck failed") => JSON.stringify({ time: "2026-01-02T03:04:05Z", level: "INFO", msg, url, error });

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
  const found = { container: "web-1", seconds: "60.2", state: "running, exit code 0, restarts 0, killed for memory false", log: "starting\nno database\n" };
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
    expect(story(gate, { ...found, log: "" }).split("\n")).toEqual([
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
    const lines = story(gate, { ...found, log }).split("\n").filter((text) => text.startsWith("    line"));
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([50, "    line 31", "    line 80"]);
  });
});
