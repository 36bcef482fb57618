import { AppImage, type AppImageArgs } from "../../components/appImage.ts";
import { DataVolume } from "../../components/dataVolume.ts";
import { Prune } from "../../components/prune.ts";
import { SecretFiles, type SecretFilesArgs } from "../../components/secretFiles.ts";
import { OWNER, releaseOf } from "../support/configuration.ts";
import { declare } from "../support/program.ts";
import { Secret, stepInput } from "../support/values.ts";

const { image: _, ...unbuilt } = releaseOf({ name: "3f9a1c2b7d4e-2" });
const BUILD = { context: "app", dockerfile: "Dockerfile", args: {} };

describe("the image of a release", () => {
  const declareImage = (args: Partial<AppImageArgs> = {}) =>
    declare(() => ({ id: new AppImage("app-image", { owner: OWNER, release: unbuilt, ...args }).imageId }));

  test("is built from its folder under a tag that names its content", async () => {
    const program = await declareImage({ build: BUILD });
    expect(program.get("app-image-build")).toMatchObject({ type: "docker:index/remoteImage:RemoteImage", parent: "app-image" });
    expect(program.get("app-image-build").inputs).toEqual({
      name: "berth-dev:3f9a1c2b7d4e",
      build: {
        context: "app",
        dockerfile: "Dockerfile",
        buildLogFile: ".berth/builds/3f9a1c2b7d4e.log",
        label: { "berth.project": "berth", "berth.stack": "dev", "berth.part": "image" },
      },
      triggers: { content: "3f9a1c2b7d4e" },
      keepLocally: true,
    });
    expect(program.outputs["id"]).toBe("sha256:app-image-build");
  });

  test("is built with stage, arguments and platform where they are given", async () => {
    const build = {
      ...BUILD,
      context: "site",
      dockerfile: "docker/Dockerfile",
      target: "final",
      args: { VERSION: "1" },
      platform: "linux/arm64",
    };
    expect((await declareImage({ build })).get("app-image-build").inputs["build"]).toMatchObject({
      context: "site",
      dockerfile: "docker/Dockerfile",
      target: "final",
      buildArgs: { VERSION: "1" },
      platform: "linux/arm64",
    });
  });

  test("gets the secrets of its build by the names of files, which are the same on every machine", async () => {
    const inputs = (await declareImage({ build: { ...BUILD, secrets: ["token", "npm.rc"] } })).get("app-image-build").inputs["build"];
    expect(inputs).toMatchObject({
      secrets: [
        { id: "token", src: ".berth/build-secrets/dev/token" },
        { id: "npm.rc", src: ".berth/build-secrets/dev/npm.rc" },
      ],
    });
  });

  test("has a tag in small letters, whatever the project and stack are called", async () => {
    const program = await declareImage({ build: BUILD, owner: { project: "Berth", stack: "Dev" } });
    expect(program.get("app-image-build").inputs["name"]).toBe("berth-dev:3f9a1c2b7d4e");
  });

  test("is replaced create-first, and its clean-up goes after it", async () => {
    const { options, dependsOn } = (await declareImage({ build: BUILD })).get("app-image-build");
    expect(options.deleteBeforeReplace).toBe(false);
    expect(dependsOn).toEqual(["app-image-cleanup"]);
  });

  test("of an earlier release is the one on the engine: nothing is built", async () => {
    const { resources, outputs } = await declareImage({ release: releaseOf({ image: "sha256:old" }) });
    expect(resources.map(({ name }) => name)).toEqual(["app-image", "app-image-cleanup"]);
    expect(outputs["id"]).toBe("sha256:old");
  });

  test("cannot be had where there is none and nothing to build it from", async () => {
    await expect(declareImage()).rejects.toThrow("release 3f9a1c2b7d4e-2 has no image and nothing to build it from");
  });

  test("goes with the stack: only images with the stack's own labels, whatever it is called", async () => {
    expect((await declareImage({ build: BUILD })).get("app-image-cleanup").inputs).toEqual({
      create: ":",
      delete: "node steps/dropImages.ts",
      environment: { PROJECT: "berth", STACK: "dev", REPOSITORY: "berth-dev" },
    });
  });
});

test("images that no kept release needs are told to the step by the tags to keep, each once", async () => {
  const program = await declare(
    () => void new Prune("app-prune", { owner: OWNER, releases: ["aaaaaaaaaaaa-2", "bbbbbbbbbbbb", "aaaaaaaaaaaa"], replicas: ["web-1"] }),
  );
  const { type, parent, inputs } = program.get("app-prune-images");
  expect([type, parent, inputs["create"]]).toEqual(["command:local:Command", "app-prune", "node steps/prune.ts"]);
  expect(stepInput(inputs)).toEqual({
    owner: OWNER,
    repository: "berth-dev",
    keep: ["berth-dev:aaaaaaaaaaaa", "berth-dev:bbbbbbbbbbbb"],
    replicas: ["web-1"],
    live: null,
  });
});

describe("a data volume", () => {
  const declareVolume = () => declare(() => ({ name: new DataVolume("app-data", { owner: OWNER, volume: "data" }).volumeName }));

  test("has labels that never change and a name that no other checkout has", async () => {
    const program = await declareVolume();
    expect(program.get("app-data-volume")).toMatchObject({ type: "docker:index/volume:Volume", parent: "app-data" });
    expect(program.get("app-data-volume").inputs).toEqual({
      labels: [
        { label: "berth.project", value: "berth" },
        { label: "berth.stack", value: "dev" },
        { label: "berth.part", value: "data" },
        { label: "berth.volume", value: "data" },
      ],
    });
    expect(program.outputs["name"]).toBe("app-data-volume-0abcdef");
  });

  test("is deleted neither by the program nor with the stack", async () => {
    expect((await declareVolume()).get("app-data-volume").options).toMatchObject({ protect: true, retainOnDelete: true });
  });
});

describe("the secrets of a process", () => {
  const secrets: SecretFilesArgs = {
    owner: OWNER,
    process: "web",
    values: { pin: { base64: "aHVudGVyMg==" }, "db.password": { base64: "eA==" } },
    hashes: { pin: "0badcafe0bad", "db.password": "123412341234" },
    user: "1000:1000",
  };
  const declareSecrets = (args: Partial<SecretFilesArgs> = {}) =>
    declare(() => ({ name: new SecretFiles("app-secrets", { ...secrets, ...args }).volumeName }));

  test("reach the step as a secret by standard input, and in no other way", async () => {
    const program = await declareSecrets();
    const { stdin, ...rest } = program.get("app-secrets-files").inputs;
    expect(stdin).toBeInstanceOf(Secret);
    expect(stdin).toEqual(new Secret('{"db.password":{"base64":"eA=="},"pin":{"base64":"aHVudGVyMg=="}}'));
    for (const trace of ["hunter2", "aHVudGVyMg=="]) expect(JSON.stringify(rest)).not.toContain(trace);
    expect(stepInput(rest)).toEqual({ owner: OWNER, process: "web", uid: 1000 });
  });

  test("that a program tells go into no input: the step asks it again", async () => {
    const program = { command: ["pass", "show", "pin"], timeout: 30 };
    const { inputs } = (await declareSecrets({ values: { pin: { base64: "aHVudGVyMg==", program } } })).get("app-secrets-files");
    expect(inputs["stdin"]).toEqual(new Secret('{"pin":{"command":["pass","show","pin"],"timeout":30}}'));
    expect((inputs["stdin"] as Secret).value).not.toContain("aHVudGVyMg");
  });

  test("are in the volume that the step names, which goes with them", async () => {
    const program = await declareSecrets();
    expect(program.get("app-secrets-files").inputs).toMatchObject({ create: "node steps/secrets.ts", delete: "node steps/dropVolume.ts" });
    expect(program.outputs["name"]).toBe("stdout-of-app-secrets-files");
  });

  test("are written into a new volume when one has another hash, before the old one goes", async () => {
    const { inputs, options } = (await declareSecrets()).get("app-secrets-files");
    expect(inputs["triggers"]).toEqual(['{"db.password":"123412341234","pin":"0badcafe0bad","uid":1000}']);
    expect(options.deleteBeforeReplace).toBe(false);
  });

  test.each([
    ["1000:1000", 1000],
    ["1234", 1234],
    ["image", null],
  ])("are for the user %s alone: %p", async (user, uid) => {
    expect(stepInput((await declareSecrets({ user })).get("app-secrets-files").inputs)).toMatchObject({ uid });
  });
});
