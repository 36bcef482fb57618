/** What a reviewer should not have to look for: promises nobody waits for, `any`, assertions that quiet the compiler. */
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";
import { floorRules } from "./floors.ts";

export default defineConfig(
  globalIgnores(["**/node_modules/", "coverage/", ".berth/"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      // Prettier keeps the code within it; what it cannot break is a text, which is not to be broken.
      "max-len": ["error", { code: 140, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreUrls: true }],
      "no-implicit-coercion": ["error", { boolean: false }],
      "no-param-reassign": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports", disallowTypeAnnotations: false }],
      "@typescript-eslint/no-confusing-void-expression": "off", // `() => void` in one line reads well
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", package: "node:test", name: ["test", "it", "describe", "suite"] }] },
      ],
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-unnecessary-boolean-literal-compare": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/prefer-readonly": "error",
      "@typescript-eslint/require-await": "off", // a function may be asynchronous because what it stands for is
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/return-await": ["error", "error-handling-correctness-only"],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ["test/**", "app/test/**"],
    rules: {
      "@typescript-eslint/no-base-to-string": "off", // an input of any kind is compared by its text
      "@typescript-eslint/unbound-method": "off", // expect(object.method)
    },
  },
  {
    files: ["commands/*.ts"], // they wait for their own end in the middle of the file: what is a constant further down is not there yet
    rules: { "@typescript-eslint/no-use-before-define": ["error", { functions: false, typedefs: false }] },
  },
  ...floorRules,
  { files: ["**/*.mjs", "**/*.cjs"], extends: [tseslint.configs.disableTypeChecked] },
  { files: ["**/*.cjs"], rules: { "@typescript-eslint/no-require-imports": "off" } },
);
