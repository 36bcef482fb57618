import { engineEnvironment } from "../../engine/address.ts";

test("steps are told a configured engine, and else to pass over the docker command's contexts", () => {
  expect(engineEnvironment()).toEqual({ DOCKER_CONTEXT: "default" });
  expect(engineEnvironment("ssh://me@host")).toEqual({ DOCKER_HOST: "ssh://me@host" });
});
