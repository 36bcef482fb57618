import * as pulumi from "@pulumi/pulumi";
import { HealthGate } from "../../components/healthGate.ts";
import { Hold } from "../../components/hold.ts";
import { Route, type RouteArgs } from "../../components/route.ts";
import { CERTIFICATE, KEY } from "../support/certificate.ts";
import { carried, releaseOf } from "../support/configuration.ts";
import { declare } from "../support/program.ts";
import { Secret, stepInput, UNKNOWN } from "../support/values.ts";

const HEALTH = { path: "/up", interval: 1, timeout: 5, deadline: 60 };
const targets = () => [pulumi.output("web-1"), pulumi.output("web-2")];

describe("the gate", () => {
  test("probes all candidates at the app's port with the release's own health settings", async () => {
    const program = await declare(() => void new HealthGate("app-gate", { release: releaseOf(), gateway: "gw", candidates: targets() }));
    const { type, parent, inputs } = program.get("app-gate-probe");
    expect([type, parent]).toEqual(["command:local:Command", "app-gate"]);
    const { environment, ...rest } = inputs;
    expect(rest).toEqual({ create: "node steps/gate.ts", logging: "stdout" });
    expect(environment).toHaveProperty("DOCKER_CONTEXT", "default");
    expect(stepInput(inputs)).toEqual({ gateway: "gw", release: "3f9a1c2b7d4e", candidates: ["web-1", "web-2"], port: 8080, health: HEALTH });
  });

  test("is not asked again while nothing changes, in whatever order the ledger gives the settings back", async () => {
    const inputsFor = async (health: typeof HEALTH) =>
      (await declare(() => void new HealthGate("app-gate", { release: releaseOf({ settings: carried({ health }) }), gateway: "gw", candidates: targets() }))).get("app-gate-probe").inputs;
    expect(await inputsFor({ deadline: 60, timeout: 5, interval: 1, path: "/up" })).toEqual(await inputsFor(HEALTH));
  });
});

describe("the route", () => {
  const declareRoute = (args: Partial<RouteArgs> = {}) =>
    declare(() => ({ live: new Route("app-route", { release: releaseOf(), gateway: "gw", targets: targets(), hosts: [], ...args }).live }));

  test("sends all traffic to the release, with no key and no secret where there is none", async () => {
    const program = await declareRoute();
    const { type, parent, inputs } = program.get("app-route-switch");
    expect([type, parent, Object.keys(inputs).sort()]).toEqual(["command:local:Command", "app-route", ["create", "environment", "logging"]]);
    expect(inputs["create"]).toBe("node steps/route.ts");
    expect(stepInput(inputs)).toEqual({
      gateway: "gw",
      service: "app",
      release: "3f9a1c2b7d4e",
      targets: ["web-1", "web-2"],
      port: 8080,
      hosts: [],
      tls: "off",
      health: HEALTH,
      drain: 30,
      maintenance: null,
    });
  });

  test.each<[string, Partial<RouteArgs>, object]>([
    ["hosts", { hosts: ["example.com"] }, { hosts: ["example.com"], tls: "off" }],
    ["certificates by ACME", { hosts: ["example.com"], tls: { acme: true } }, { tls: "acme" }],
    ["maintenance", { maintenance: "Back at noon" }, { maintenance: "Back at noon" }],
    ["the release's own times", { release: releaseOf({ settings: carried({ drain: 1.5, containerPort: 3000 }) }) }, { drain: 1.5, port: 3000 }],
  ])("tells the step of %s", async (_, args, expected) => {
    const { inputs } = (await declareRoute(args)).get("app-route-switch");
    expect(stepInput(inputs)).toMatchObject(expected);
    expect(inputs).not.toHaveProperty("stdin");
  });

  test("gives its own key to the step as a secret by standard input, and in no other way", async () => {
    const { inputs } = (await declareRoute({ hosts: ["example.com"], tls: { certificate: CERTIFICATE, key: KEY } })).get("app-route-switch");
    const { stdin, ...rest } = inputs;
    expect(stdin).toBeInstanceOf(Secret);
    expect(stdin).toEqual(new Secret(JSON.stringify({ certificate: CERTIFICATE, key: KEY })));
    expect(stepInput(rest)).toMatchObject({ tls: "own" });
    expect(JSON.stringify(rest)).not.toContain(KEY.split("\n")[1]);
  });

  test("is changed in place: a replaced one would leave the gateway without a route for a moment", async () => {
    const { inputs } = (await declareRoute()).get("app-route-switch");
    expect(inputs).not.toHaveProperty("triggers");
    expect(inputs).not.toHaveProperty("delete");
  });

  test("tells that the release is live only once it is", async () => {
    expect((await declareRoute()).outputs["live"]).toBe("app-route-switch-id");
  });
});

describe("holding requests", () => {
  const declareHold = async (replica: object, preview = false) => {
    const program = await declare(() => void new Hold("app-hold", { release: releaseOf(), gateway: "gw", replica: pulumi.output(replica) }), { preview });
    return program.get("app-hold-pause");
  };

  test("lasts as long as draining, the gate's deadline and a minute to stop and start", async () => {
    const { parent, inputs } = await declareHold({ image: "sha256:1" });
    expect([parent, inputs["create"]]).toEqual(["app-hold", "node steps/hold.ts"]);
    expect(stepInput(inputs)).toMatchObject({ gateway: "gw", service: "app", drain: 30, patience: 150 });
  });

  test("is done again when, and only when, the replicas are about to be replaced", async () => {
    const reasonFor = async (replica: object) => (stepInput((await declareHold(replica)).inputs) as { because: string }).because;
    const before = await reasonFor({ image: "sha256:1", envs: ["A=1"] });
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await reasonFor({ envs: ["A=1"], image: "sha256:1" })).toBe(before);
    expect(await reasonFor({ image: "sha256:1", envs: ["A=2"] })).not.toBe(before);
  });
});

test("in a preview a step's input is not known yet where the engine decides a part of it", async () => {
  const program = await declare(() => {
    const route = new Route("first", { release: releaseOf(), gateway: "gw", targets: [], hosts: [] });
    new HealthGate("second", { release: releaseOf(), gateway: pulumi.interpolate`${route.live}`, candidates: [] });
  }, { preview: true });
  expect(program.get("second-probe").inputs["environment"]).toMatchObject({ BERTH_INPUT: UNKNOWN });
});
