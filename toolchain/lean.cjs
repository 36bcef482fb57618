// Loaded into every Node that Pulumi starts, and of effect in the one that runs the program: see
// docs/decisions/0022-a-lean-start.md. Plain JavaScript for any Node, since programs of the user's may meet it, too.
const { sep } = require("node:path");
const { registerHooks } = require("node:module");

const PROGRAM = ["@pulumi", "pulumi", "cmd", "run"].join(sep);
/** What Pulumi loads to serialise functions, to start other programs and to read source maps: Berth's has none of these. */
const UNUSED = ["typescript", "@npmcli/arborist", "normalize-package-data", "@pulumi/pulumi/automation", "source-map-support"];
/** What it loads to send traces, where nobody has asked for them; a span that goes nowhere needs the API alone. */
const TRACERS = "@opentelemetry/(?!api/)[^/]+";

if (process.argv[1]?.includes(PROGRAM)) {
  // Node strips the types. The language host does as Pulumi.yaml says, but an old one does not read it.
  process.env.PULUMI_NODEJS_TYPESCRIPT = "false";
  const isTraced = process.env.TRACEPARENT || process.argv.includes("--tracing");
  const unused = new RegExp(`/node_modules/(${[...UNUSED, ...(isTraced ? [] : [TRACERS])].join("|")})/`);
  registerHooks?.({
    load: (url, context, next) => (unused.test(url) ? { format: "commonjs", source: "", shortCircuit: true } : next(url, context)),
  });
  // Pulumi notes a stack with each promise, and would look up each of its lines in a source map, of which there are none.
  Object.defineProperty(Error, "prepareStackTrace", { get: () => undefined, set: () => undefined });
}
