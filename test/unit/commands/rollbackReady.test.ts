import { rollbackReady } from "../../../commands/view/rollbackReady.ts";
import type { Release } from "../../../release/ledger.ts";

const settings = {
  replicas: 2,
  containerPort: 8080,
  health: {},
  resources: {},
  env: {},
  volumes: [],
  binds: [],
  strategy: "blue-green",
  user: "1000",
};
const release = (name: string, more: object = {}) => ({ name, image: `sha256:${name}`, settings, ...more }) as unknown as Release;
const ready = (releases: readonly Release[], images: readonly string[] = releases.map(({ image = "" }) => image)) =>
  rollbackReady({ release: "c", releases }, ({ image }) => Promise.resolve(image !== undefined && images.includes(image)));

test("the release before the live one is there to go back to", async () => {
  expect(await ready([release("c"), release("b"), release("a")])).toEqual({ ready: true, release: "b" });
});

test("says why not: the live one is the first", async () => {
  expect(await ready([release("c")])).toEqual({ ready: false, why: "there is no earlier release: c is the first one" });
});

test("says why not: its image was removed", async () => {
  expect(await ready([release("c"), release("b")], ["sha256:c"])).toEqual({
    ready: false,
    why: "the image of release b is no longer on the engine",
  });
  expect(await ready([release("c"), release("b", { image: undefined })])).toMatchObject({ ready: false });
});

test("says why not: its settings lack what a replica needs", async () => {
  const { health: _, ...old } = settings;
  expect(await ready([release("c"), release("b", { settings: old })])).toEqual({
    ready: false,
    why: "release b has no health in the ledger: it was made by another version of Berth",
  });
});

test("says why not: it needs a secret that is not set any more", async () => {
  const releases = [release("c"), release("b", { secrets: ["pin", "token"] })];
  const hasImage = () => Promise.resolve(true);
  expect(await rollbackReady({ release: "c", releases, secrets: ["token"] }, hasImage)).toEqual({
    ready: false,
    why: "release b needs the secret pin, which is not set any more",
  });
  expect(await rollbackReady({ release: "c", releases, secrets: ["token", "pin"] }, hasImage)).toMatchObject({ ready: true });
});
