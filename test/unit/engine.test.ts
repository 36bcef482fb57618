import * as pulumi from "@pulumi/pulumi";
import { engineEnvironment, engineHost } from "../../engine/address.ts";
import { setEnvironment } from "../support/environment.ts";

afterEach(() => pulumi.runtime.setAllConfig({}));

test("the engine is the one in the stack's configuration", () => {
  setEnvironment({ DOCKER_HOST: "unix:///from/environment.sock" });
  pulumi.runtime.setAllConfig({ "docker:host": "ssh://me@host" });
  expect(engineHost()).toBe("ssh://me@host");
});

test("without one there, it is the one in DOCKER_HOST", () => {
  setEnvironment({ DOCKER_HOST: "unix:///from/environment.sock" });
  expect(engineHost()).toBe("unix:///from/environment.sock");
});

test("without either, it is the one at the usual socket, and no context of the docker command counts", () => {
  delete process.env["DOCKER_HOST"];
  setEnvironment({ DOCKER_CONTEXT: "elsewhere" });
  expect(engineHost()).toBe("unix:///var/run/docker.sock");
});

test("commands are told a configured engine, and else to pass over the docker command's contexts", () => {
  expect(engineEnvironment()).toEqual({ DOCKER_CONTEXT: "default" });
  pulumi.runtime.setAllConfig({ "docker:host": "ssh://me@host" });
  expect(engineEnvironment()).toEqual({ DOCKER_HOST: "ssh://me@host" });
});
