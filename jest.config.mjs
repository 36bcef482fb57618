/** The fast tests: no engine, no Pulumi CLI. Jest runs the ES modules of this package as CommonJS, types stripped by swc. */
export default {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/e2e/"],
  transform: {
    "\\.ts$": ["@swc/jest", { jsc: { target: "es2023", parser: { syntax: "typescript" } }, module: { type: "commonjs" } }],
  },
  moduleNameMapper: {
    // Pulumi loads these to serialise functions, which Berth has none of: two thirds of what each test file takes to start.
    "^(typescript|@npmcli/arborist)$": "<rootDir>/test/support/nothing.cjs",
  },
  maxConcurrency: 20, // tests of steps mostly wait for a program
  maxWorkers: "100%", // by itself Jest leaves one processor idle, which is half of two
  testTimeout: 30_000, // far above what any test needs, for a machine that has much else to do
  collectCoverageFrom: [
    "index.ts",
    ...["commands", "preflight", "components", "steps", "engine", "stack", "source", "release", "settings"].map(
      (floor) => `${floor}/**/*.ts`,
    ),
  ],
  coverageDirectory: "<rootDir>/coverage",
  coverageProvider: "v8",
  coverageThreshold: { "./components/": { lines: 95 }, "./settings/": { lines: 95 } },
  coverageReporters: ["text", "json-summary"],
};
