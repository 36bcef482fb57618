import { readdirSync, readFileSync } from "node:fs";
import { blocksOf } from "../e2e/support/guide.ts";

const PAGE = `# Files

    npm run status

## In

\`\`\`sh
npm run up
# a comment, no heading
\`\`\`

\`\`\`
## said by the command
\`\`\`

## Out

\`\`\`yaml
config:
  berth:port: 80
\`\`\`
`;

test("the marked fences of a page are found with their headings, and nothing else", () => {
  expect(blocksOf(PAGE)).toEqual([
    { heading: "In", kind: "sh", text: "npm run up\n# a comment, no heading" },
    { heading: "Out", kind: "yaml", text: "config:\n  berth:port: 80" },
  ]);
});

test("a fence without an end is not passed over", () => {
  expect(() => blocksOf("# In\n```sh\nnpm run up\n")).toThrow('the fence below "In" has no end');
});

test.each(readdirSync("docs/guides"))("%s can be read", (file) => {
  expect(() => blocksOf(readFileSync(`docs/guides/${file}`, "utf8"))).not.toThrow();
});
