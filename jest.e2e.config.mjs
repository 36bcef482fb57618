/** End-to-end tests: the real CLI, engine, proxy and browser. One after the other, each with a stack of its own. */
import base from "./jest.config.mjs";

export default {
  transform: base.transform,
  moduleNameMapper: base.moduleNameMapper ?? {},
  testMatch: ["<rootDir>/test/e2e/**/*.test.ts"],
  testEnvironment: "node",
  globalSetup: "<rootDir>/test/e2e/support/globalSetup.ts",
  globalTeardown: "<rootDir>/test/e2e/support/globalTeardown.ts",
  testTimeout: 300_000,
  maxWorkers: 1,
  bail: 0,
};
