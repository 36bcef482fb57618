/** What nobody needs is listed and removed, data only where that is asked for, and nothing of anybody else is touched. */
import { Checkout } from "./support/checkout.ts";
import { census, docker, lines } from "./support/engine.ts";
import { Guide } from "./support/guide.ts";

const guide = new Guide("docs/guides/volumes.md");
const HEADING = "Remove what nobody needs any more";
const STRANGER = `berth-stranger-${process.pid}-prune`;
let app: Checkout;
let before: string;
let everybody: Set<string>;

beforeAll(async () => {
  app = await Checkout.make({ volumes: [{ name: "data", target: "/data" }], replicas: 1 });
  await app.upOk();
  await docker("volume", "create", "--label", "berth.project=berth", "--label", "berth.part=data", STRANGER);
  await docker(
    "volume",
    "create",
    "--label",
    "berth.project=berth",
    "--label",
    "berth.stack=another",
    "--label",
    "berth.part=snapshot",
    `${STRANGER}-other`,
  );
  await docker("network", "create", "--label", "berth.project=berth", STRANGER);
  await docker("image", "tag", "node:24-bookworm-slim", `berth-${app.stack}:stranger`); // in the stack's repository, and not made by it
  await docker(
    "create",
    "--name",
    STRANGER,
    "--label",
    "berth.part=helper",
    "--network",
    STRANGER,
    "--volume",
    `${STRANGER}:/data`,
    "node:24-bookworm-slim",
    "true",
  );
  before = await foreign();
  everybody = await engine();
});
afterAll(async () => {
  await docker("rm", "--force", STRANGER);
  await app?.remove();
  await docker("volume", "rm", "--force", STRANGER, `${STRANGER}-other`);
  await docker("network", "rm", STRANGER);
  await docker("image", "rm", "--force", `berth-${app.stack}:stranger`);
});

/** All that the strangers are, in the engine's words. */
const foreign = async () =>
  [
    await docker("container", "inspect", STRANGER),
    await docker("volume", "inspect", STRANGER, `${STRANGER}-other`),
    await docker("network", "inspect", STRANGER),
    await docker("image", "inspect", "--format", "{{.Id}} {{.RepoTags}}", `berth-${app.stack}:stranger`),
  ].join("\n");

/**
 * All volumes, networks and images that are no test's: other tests run beside. Of the build cache the step
 * that takes longest, and that each build of the app uses: the engine itself takes away and renews the rest.
 */
async function engine(): Promise<Set<string>> {
  const label = '{{.Label "berth.stack"}}';
  const rows = await Promise.all([
    docker("volume", "ls", "--format", `{{.Name}} volume ${label}`),
    docker("network", "ls", "--no-trunc", "--format", `{{.ID}} network ${label}`),
    docker("image", "ls", "--all", "--no-trunc", "--format", "{{.ID}} image {{.Repository}}:{{.Tag}}"),
  ]);
  const things = lines(rows.join("\n")).filter((row) => !/ (berth-)?[a-z0-9]+-\d+-[0-9a-f]{4}(:|$)|stranger|<none>/.test(row));
  const cache = JSON.parse(await docker("system", "df", "--verbose", "--format", "{{json .BuildCache}}")) as {
    ID: string;
    Description: string;
  }[];
  const install = cache.filter(({ Description }) => Description.includes("npm ci"));
  return new Set([...things, ...install.map(({ ID }) => `${ID} build cache`)]);
}

/** Puts on the engine what cut-off and old things would have left. */
async function litter(): Promise<Record<string, string>> {
  const marks = (part: string, ...more: string[]) =>
    ["berth.project=berth", `berth.stack=${app.stack}`, `berth.part=${part}`, ...more].flatMap((label) => ["--label", label]);
  const name = (what: string) => `berth-${app.stack}-${what}`;
  await docker("volume", "create", ...marks("secrets"), name("secrets-0000"));
  await docker("volume", "create", ...marks("snapshot", "berth.release=000000000000"), name("copy-data-000000000000"));
  await docker("volume", "create", ...marks("data", "berth.volume=data"), name("kept"));
  await docker("create", ...marks("helper"), "--name", name("helper"), "node:24-bookworm-slim", "true");
  await docker("image", "tag", await app.output<string>("image"), `berth-${app.stack}:000000000000`);
  return {
    secrets: name("secrets-0000"),
    copy: name("copy-data-000000000000"),
    kept: name("kept"),
    helper: name("helper"),
    image: `berth-${app.stack}:000000000000`,
  };
}

test("what nobody needs goes, data only with a word more, and nothing that serves or is anybody else's", async () => {
  const needed = await census(app.stack);
  const { secrets = "", copy = "", kept = "", helper = "", image = "" } = await litter();
  const littered = await census(app.stack);
  const asked = await app.npm("prune");
  expect(asked.output).toContain("error: there is no terminal to ask on: add --yes if you are sure");
  expect(asked.code).toBe(1);
  expect(await census(app.stack)).toEqual(littered);

  const ran = await guide.run(app, HEADING);
  expect(ran.map(({ code }) => code)).toEqual([0, 0]);
  const [words = "", withData = ""] = ran.map(({ output }) => output);
  for (const [kind, name, why] of [
    ["container", helper, "a copy that was cut off has left it"],
    ["volume", secrets, "an update that was cut off has left it"],
    ["volume", copy, "the copy before the migration of release 000000000000"],
    ["image", image, "no release that can be brought back needs it"],
  ]) {
    expect(words).toContain(`${kind} ${name}: ${why}`);
    expect(asked.output).toContain(`${kind} ${name}: ${why}`);
  }
  expect(words).toContain("1 volumes with data stay: npm run prune -- --with-data --stack");
  expect(words).not.toContain(kept);
  expect(withData).toContain(`volume ${kept}: data that the stack does not use any more`);
  expect(await census(app.stack)).toEqual(needed);
  expect(await foreign()).toBe(before);
  expect((await fetch(app.url)).status).toBe(200);
  const again = await app.npm("prune", "--with-data", "--yes");
  expect(again.output).toContain(`There is nothing to remove on stack ${app.stack}.`);
});

test("destroy lists what goes before it goes, and leaves nothing of the stack and all of everybody else", async () => {
  const { containers, networks } = await census(app.stack);
  const refused = await app.npm("destroy", "--with-data");
  for (const name of [...containers, ...networks]) expect(refused.output).toContain(name);
  expect(refused.code).toBe(1);
  await litter();
  expect((await app.npm("destroy", "--with-data", "--yes")).code).toBe(0);
  expect(await census(app.stack)).toEqual({ containers: [], networks: [], images: [], volumes: [] });
  expect(lines(await foreign())).toEqual(lines(before));
  const left = await engine();
  expect([...everybody].filter((thing) => !left.has(thing))).toEqual([]);
  expect([...everybody].some((thing) => thing.endsWith(" build cache"))).toBe(true);
});
