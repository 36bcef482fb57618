/** What the parts of a stack keep to together. */
import type { Declared } from "../support/program.ts";
import { Secret } from "../support/values.ts";
import { COMMAND, CONTAINER, each, IMAGE, list, NETWORK, ofType, partOf, type Rule, VOLUME } from "./rule.ts";

const DATA_LABELS = "berth.part berth.project berth.stack berth.volume";

export const stackRules: readonly Rule[] = [
  {
    name: "only the gateway publishes ports",
    why: "All else is behind it, on an address that is named",
    fix: "reach it through the gateway, and give each port an ip",
    find: (resources) =>
      ofType(resources, CONTAINER)
        .filter(
          (container) =>
            list(container.inputs["ports"]).some((port) => partOf(container) !== "gateway" || !(port as { ip?: string }).ip) ||
            container.inputs["publishAllPorts"],
        )
        .map(({ name }) => name),
  },
  {
    name: "the number of its processes is limited",
    why: "The provider has no input for it, and a fork bomb takes the host",
    fix: "limitPids(…, [container.name], …)",
    find: (resources) => {
      const limited = ofType(resources, COMMAND)
        .filter(({ inputs }) => inputs["create"] === "node steps/limit.ts")
        .flatMap(({ dependsOn }) => dependsOn);
      return ofType(resources, CONTAINER)
        .map(({ name }) => name)
        .filter((name) => !limited.includes(name));
    },
  },
  each(VOLUME, {
    name: "data outlives the program",
    why: "A changed program or a plain destroy must not delete it, and a changed label would replace the volume",
    fix: `protect and retainOnDelete, with the labels ${DATA_LABELS} alone`,
    holds: (volume) =>
      partOf(volume) !== "data" ||
      (volume.options.protect &&
        volume.options.retainOnDelete &&
        (list(volume.inputs["labels"]) as { label: string }[])
          .map(({ label }) => label)
          .sort()
          .join(" ") === DATA_LABELS),
  }),
  each(IMAGE, {
    name: "an image is named by its version or content",
    why: "latest is another one tomorrow",
    fix: "<name>:<version or content hash>",
    holds: ({ inputs }) => /:(v\d+\.\d+\.\d+|\d+(\.\d+)*-bookworm|[0-9a-f]{12})$/.test(String(inputs["name"])),
  }),
  each(IMAGE, {
    name: "an image stays on the engine when its resource goes",
    why: "The provider would delete it by name, also where the name is another's by then",
    fix: "keepLocally: true",
    holds: ({ inputs }) => inputs["keepLocally"] === true,
  }),
  {
    // An accessory's is fixed, so that the engine refuses a second one on the same data; it goes before its replacement comes.
    name: "its name is the engine's to choose",
    why: "A fixed one clashes with another stack, and with its own replacement",
    fix: "leave name out",
    find: (resources) =>
      [CONTAINER, NETWORK, VOLUME]
        .flatMap((type) => ofType(resources, type))
        .filter((resource) => resource.inputs["name"] !== undefined && partOf(resource) !== "accessory")
        .map(({ name }) => name),
  },
  each(COMMAND, {
    name: "a command is a step or does nothing",
    why: "A failure prints the whole command, quoting by hand goes wrong, and a machine may have no docker command",
    fix: "a program in steps/, with its values in the environment or by stdin",
    holds: ({ inputs }) =>
      [inputs["create"], inputs["update"] ?? ":", inputs["delete"] ?? ":"].every(
        (command) => command === ":" || /^node steps\/\w+\.ts$/.test(String(command)),
      ),
  }),
  each(COMMAND, {
    name: "a command knows its engine",
    why: "A Docker context may lead to another one",
    fix: "transformations: [onEngine(host)]",
    holds: ({ inputs }) =>
      inputs["create"] === "node steps/key.ts" ||
      ["DOCKER_HOST", "DOCKER_CONTEXT"].some((name) => name in ((inputs["environment"] as Record<string, string> | undefined) ?? {})),
  }),
  {
    name: "everything has its owner's label",
    why: "Only what carries it is found again, and removed",
    fix: "labels: labelList(labels(owner, …))",
    find: (resources) =>
      [CONTAINER, NETWORK, VOLUME]
        .flatMap((type) => ofType(resources, type))
        .filter((resource) => partOf(resource) === undefined)
        .map(({ name }) => name),
  },
  {
    name: "nothing is its own parent but the app",
    why: "A resource without an owner outlives it",
    fix: "{ parent: this }",
    find: (resources) => resources.filter(({ parent, type }) => parent === "" && type !== "berth:index:WebApp").map(({ name }) => name),
  },
];

/** No secret in clear: it would stand in the state, in `docker inspect` or in a log. */
export const noPlainSecret = (values: readonly string[]): Rule => ({
  name: "no secret stands in a plain input",
  why: "Inputs are in the state, and most of them in docker inspect",
  fix: "pulumi.secret(…) by stdin",
  find: (resources) => resources.filter(({ inputs }) => values.some((value) => plainText(inputs).includes(value))).map(({ name }) => name),
});

/** All text in a value but what is secret. */
function plainText(value: unknown): string {
  if (value instanceof Secret) return "";
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([key, part]) => `${key}\n${plainText(part)}`)
    .join("\n");
}

/** Names on the engine that two stacks would both take. What both only read, such as the gateway's image, may be one. */
export function clashes(one: readonly Declared[], other: readonly Declared[]): string[] {
  const taken = (resources: readonly Declared[]) =>
    resources
      .filter(({ type, inputs }) => [CONTAINER, NETWORK, VOLUME].includes(type) || inputs["build"] !== undefined)
      .map(({ type, inputs }) => inputs["name"] && `${type} ${String(inputs["name"])}`);
  return taken(one)
    .filter((name) => name !== undefined && taken(other).includes(name))
    .map(String);
}
