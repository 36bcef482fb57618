import { readDeclared } from "../../../stack/record.ts";

const labels = (part: string, more: Record<string, string> = {}) =>
  Object.entries({ "berth.part": part, ...more }).map(([label, value]) => ({ label, value }));
const exported = (...resources: object[]) => JSON.stringify({ version: 3, deployment: { resources } });

test("an empty stack has nothing", () => {
  const nothing = {
    containers: [],
    networks: [],
    volumes: [],
    route: undefined,
    pending: 0,
    empty: true,
    hasLongOutputs: false,
    outputs: {},
  };
  expect(readDeclared(exported())).toEqual(nothing);
  expect(readDeclared('{"version":3,"deployment":{}}')).toEqual(nothing);
});

test("a record with an operation that was cut off, or with any entry, is not empty", () => {
  const pending_operations = [{ resource: { urn: "urn:stack" }, type: "creating" }];
  expect(readDeclared(JSON.stringify({ version: 3, deployment: { pending_operations } }))).toMatchObject({ pending: 1, empty: false });
  expect(readDeclared(exported({ urn: "urn:stack", type: "pulumi:pulumi:Stack" }))).toMatchObject({ pending: 0, empty: false });
});

test("a container has its limit of processes from the command that sets it", () => {
  const inputs = {
    name: "web-1",
    image: "sha256:a",
    envs: ["PORT=8080"],
    memory: 512,
    cpus: "1.5",
    networksAdvanced: [{ name: "net" }],
    labels: labels("web", { "berth.release": "r1" }),
  };
  const { containers } = readDeclared(
    exported(
      { urn: "urn:web", type: "docker:index/container:Container", id: "id-1", delete: true, inputs },
      {
        urn: "urn:pids",
        type: "command:local:Command",
        inputs: { create: "docker update …", environment: { CONTAINERS: "web-0 web-1", PIDS: "99" } },
      },
    ),
  );
  expect(containers).toEqual([
    {
      urn: "urn:web",
      id: "id-1",
      name: "web-1",
      part: "web",
      release: "r1",
      image: "sha256:a",
      env: ["PORT=8080"],
      memory: 512 * 1024 ** 2,
      cpus: 1.5,
      pids: 99,
      network: "net",
      retiring: true,
    },
  ]);
});

test("networks, volumes, the volume of secrets and the route are found", () => {
  const { networks, volumes, route } = readDeclared(
    exported(
      { urn: "urn:net", type: "docker:index/network:Network", id: "id-n", inputs: { name: "net", labels: labels("gateway") } },
      { urn: "urn:data", type: "docker:index/volume:Volume", inputs: { name: "data-1", labels: labels("data") } },
      {
        urn: "urn:files",
        type: "command:local:Command",
        inputs: { create: "node steps/secrets.ts", environment: {} },
        outputs: { stdout: "secrets-1" },
      },
      {
        urn: "urn:route",
        type: "command:local:Command",
        inputs: { create: "node steps/route.ts", environment: { BERTH_INPUT: '{"service":"app","targets":["web-1"]}' } },
      },
    ),
  );
  expect(networks).toEqual([{ urn: "urn:net", id: "id-n", name: "net", retiring: false }]);
  expect(volumes).toEqual([
    { urn: "urn:data", name: "data-1", part: "data", labels: { "berth.part": "data" } },
    { urn: "urn:files", name: "secrets-1", part: "secrets", labels: {} },
  ]);
  expect(route).toEqual({ urn: "urn:route", input: { service: "app", targets: ["web-1"] } });
});

test.each([
  ["node ../../steps/route.ts", true],
  ["node node_modules/berth/steps/route.ts", true],
  ["node '../my apps/berth/steps/route.ts'", true],
  ["node mysteps/route.ts", false],
  ["node steps/route.ts.old", false],
])("a step is known wherever a program has it: %s", (create, known) => {
  const command = {
    urn: "urn:route",
    type: "command:local:Command",
    inputs: { create, environment: { BERTH_INPUT: '{"service":"app"}' } },
  };
  expect(readDeclared(exported(command)).route !== undefined).toBe(known);
});
