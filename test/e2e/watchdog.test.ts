/** A replica that turns unhealthy is restarted, and left alone where that does not help. */
import { Checkout } from "./support/checkout.ts";
import { docker, lines } from "./support/engine.ts";

let app: Checkout;
let replica: string;

beforeAll(async () => {
  app = await Checkout.make({ replicas: 2, volumes: [{ name: "data", target: "/data" }], drain: "1s" });
  await app.edit(
    "app/Dockerfile",
    /HEALTHCHECK .*/,
    "HEALTHCHECK --interval=1s --timeout=5s --retries=1 CMD test ! -e /tmp/ill && test ! -e /data/ill-$BERTH_REPLICA",
  );
  await app.upOk();
  [replica = ""] = await app.output<string[]>("replicas");
});
afterAll(() => app?.remove());

const inReplica = (...words: string[]) => docker("exec", replica, ...words);
const once = () => app.npm("watchdog", "--once", "--restarts", "2", "--back-off", "1s");

async function turns(health: string): Promise<void> {
  const asked = () => docker("inspect", "--format", "{{.State.Health.Status}}", replica);
  for (const end = Date.now() + 30_000; (await asked()) !== health;) {
    if (Date.now() > end) throw new Error(`${replica} is ${await asked()}, not ${health}, after 30 s`);
  }
}

test("does nothing where all is well", async () => {
  expect(await once()).toMatchObject({ code: 0, output: "" });
});

test("restarts a replica that is unhealthy, and says when it is well again", async () => {
  await inReplica("touch", "/tmp/ill"); // gone with the restart
  await turns("unhealthy");
  const { code, output } = await once();
  expect(output).toContain(`${replica} is unhealthy: restart 1 of 2`);
  expect(code).toBe(0);
  await turns("healthy");
  expect((await once()).output).toContain(`${replica} is healthy again after restart 1`);
});

test("leaves a replica alone that does not get well, and ends with exit code 1", async () => {
  await inReplica("touch", "/data/ill-1");
  await turns("unhealthy");
  expect((await once()).output).toContain(`${replica} is unhealthy: restart 2 of 2`);
  await turns("unhealthy");
  const { code, output } = await once();
  expect(output).toContain(`${replica} is unhealthy after 2 restarts: left alone. Look: docker logs ${replica}.`);
  expect(code).toBe(1);
  expect(
    lines(await docker("ps", "--quiet", "--filter", `label=berth.stack=${app.stack}`, "--filter", "label=berth.part=web")),
  ).toHaveLength(2);
});
