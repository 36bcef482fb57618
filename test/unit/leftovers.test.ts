import { Checkout } from "../e2e/support/checkout.ts";
import { ownerOf } from "../e2e/support/leftovers.ts";

test.each([
  ["e2e-4711-0f8f", 4711],
  ["chaos-12-abcd", 12],
  ["dev", undefined],
  ["e2e-4711", undefined],
  ["my-app-4711-0f8f", undefined],
])("the stack %s belongs to the process %p", (stack, owner) => {
  expect(ownerOf(stack)).toBe(owner);
});

test("the name that a test's stack gets tells its owner", () => {
  expect(ownerOf(Checkout.nameOf("e2e"))).toBe(process.pid);
});
