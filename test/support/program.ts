/** What a program declares to Pulumi, recorded by mocks that know every resource Berth makes and refuse all else. */
import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceOutputsRequest, RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { nameIn, readable } from "./values.ts";

export interface Declared {
  readonly type: string;
  readonly name: string;
  /** Name of its parent; empty for the stack itself. */
  readonly parent: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly options: {
    readonly deleteBeforeReplace: boolean | undefined;
    readonly protect: boolean;
    readonly retainOnDelete: boolean;
    readonly replaceOnChanges: readonly string[];
  };
  /** Names of all that must be there before it, told directly. */
  readonly dependsOn: readonly string[];
}

export interface Program {
  /** In the order of their declaration, without the stack itself. */
  readonly resources: readonly Declared[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The one resource of that name. @throws where there is none */
  get(name: string): Declared;
  /** Names of all that must be there before it, told directly or not. */
  before(name: string): Set<string>;
}

export interface DeclareOptions {
  readonly stack?: string;
  /** Configuration, with its namespace. */
  readonly config?: Readonly<Record<string, string>>;
  /** Outputs of the last update of this stack, which the program may read; without them it may not. */
  readonly previous?: Readonly<Record<string, unknown>>;
  /** Declare it as `pulumi preview` does: what the engine decides is not known. */
  readonly preview?: boolean;
}

/** Runs a program to its end and tells what it declared. @throws what it threw, or that it declared something unknown */
export async function declare(run: () => unknown, options: DeclareOptions = {}): Promise<Program> {
  // Pulumi takes a stack trace at each promise and resource, and Jest maps each line of it: most of the time goes there.
  // To see where a program throws, take the next lines out for a moment.
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.prepareStackTrace = String;
  Error.stackTraceLimit = 0;
  try {
    return await recorded(run, options);
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

async function recorded(run: () => unknown, { stack = "dev", config = {}, previous, preview = false }: DeclareOptions): Promise<Program> {
  const failures: Error[] = [];
  const refuse = (message: string): never => {
    const failure = new Error(message);
    failures.push(failure);
    throw failure;
  };
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        if (type === "pulumi:pulumi:StackReference")
          return { id: name, state: { name, outputs: previous ?? refuse("the program reads its stack's outputs") } };
        const state = stateOf(type, name) ?? refuse(`the program declares ${name}, of the unknown type ${type}`);
        return preview ? { id: undefined, state: {} } : { id: `${name}-id`, state: { ...(inputs as object), ...state } };
      },
      call: ({ token }) => refuse(`the program calls ${token}`),
    },
    "berth",
    stack,
    preview,
    "organization",
  );
  pulumi.runtime.setAllConfig({ ...config });
  const registrations: RegisterResourceRequest[] = [];
  let outputs: unknown = {};
  listen("registerResource", (request: RegisterResourceRequest) => registrations.push(request));
  listen("registerResourceOutputs", (request: RegisterResourceOutputsRequest) => {
    if (request.getUrn().includes(`::${pulumi.runtime.rootPulumiStackTypeName}::`))
      outputs = readable(request.getOutputs()?.toJavaScript());
  });
  await pulumi.runtime.runInPulumiStack(async () => {
    try {
      return (await run()) as Record<string, unknown>;
    } catch (error) {
      failures.unshift(error as Error); // thrown here, it would end the process
      return {};
    }
  });
  await pulumi.runtime.disconnect();
  if (failures[0]) throw failures[0];
  const resources = registrations.filter((request) => request.getType() !== pulumi.runtime.rootPulumiStackTypeName).map(declared);
  return {
    resources,
    outputs: outputs as Record<string, unknown>,
    get: (name) => get(resources, name),
    before: (name) => before(resources, name),
  };
}

/** What the engine decides of a resource; undefined for a type that Berth has no business with. */
function stateOf(type: string, name: string): Record<string, unknown> | undefined {
  switch (type) {
    case "docker:index/container:Container":
    case "docker:index/network:Network":
    case "docker:index/volume:Volume":
      return { name: `${name}-0abcdef` };
    case "docker:index/remoteImage:RemoteImage":
      return { imageId: `sha256:${name}`, repoDigest: "" };
    case "command:local:Command":
      return { stdout: `stdout-of-${name}`, stderr: "" };
    default:
      return type.startsWith("berth:index:") || type === pulumi.runtime.rootPulumiStackTypeName ? {} : undefined;
  }
}

/** Hears each request of one kind that the program makes to the engine: mocks alone are told no options and no parents. */
function listen<Request>(method: "registerResource" | "registerResourceOutputs", hear: (request: Request) => void): void {
  type Method = (request: Request, callback: unknown) => unknown;
  const monitor = pulumi.runtime.getMonitor() as unknown as Record<typeof method, Method>;
  const real = monitor[method].bind(monitor);
  monitor[method] = (request, callback) => {
    hear(request);
    return real(request, callback);
  };
}

const declared = (request: RegisterResourceRequest): Declared => ({
  type: request.getType(),
  name: request.getName(),
  parent: request.getParent().includes(`::${pulumi.runtime.rootPulumiStackTypeName}::`) ? "" : nameIn(request.getParent()),
  inputs: readable(request.getObject()?.toJavaScript()) as Record<string, unknown>,
  options: {
    deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    replaceOnChanges: request.getReplaceonchangesList(),
  },
  dependsOn: request.getDependenciesList().map(nameIn),
});

function get(resources: readonly Declared[], name: string): Declared {
  const found = resources.filter((resource) => resource.name === name);
  if (found[0] && found.length === 1) return found[0];
  throw new Error(`${found.length} resources are named ${name}; there are: ${resources.map((resource) => resource.name).join(", ")}`);
}

/** A resource waits for its parent, too, and so for all that its parent waits for. */
function before(resources: readonly Declared[], name: string, seen = new Set<string>()): Set<string> {
  const { dependsOn, parent } = get(resources, name);
  for (const other of [...dependsOn, ...(parent ? [parent] : [])]) {
    if (seen.has(other)) continue;
    seen.add(other);
    before(resources, other, seen);
  }
  return seen;
}
