/**
 * End-to-end tests: the real CLI, engine, proxy and browser. Three files at a time, each with a stack of its own: they mostly wait for
 * gates, drains and health checks.
 */
import base from "./jest.config.mjs";

export default {
  transform: base.transform,
  moduleNameMapper: base.moduleNameMapper ?? {},
  testMatch: ["<rootDir>/test/e2e/**/*.test.ts"],
  testEnvironment: "node",
  globalSetup: "<rootDir>/test/e2e/support/globalSetup.ts",
  globalTeardown: "<rootDir>/test/e2e/support/globalTeardown.ts",
  testSequencer: "<rootDir>/test/e2e/support/longestFirst.mjs",
  testTimeout: 300_000,
  maxWorkers: 3,
  bail: 0,
};
