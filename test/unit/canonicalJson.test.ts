import fc from "fast-check";
import { canonicalJson } from "../../release/canonicalJson.ts";

test("keys are in order at every depth, and lists stay as they are", () => {
  expect(canonicalJson({ b: [{ d: 1, c: null }, "z", "a"], a: { f: true, e: "x" } })).toBe(
    '{"a":{"e":"x","f":true},"b":[{"c":null,"d":1},"z","a"]}',
  );
});

test("the order in which an object was made leaves no trace, and nothing is lost", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (object) => {
      const backwards = Object.fromEntries(Object.entries(object).reverse());
      expect(canonicalJson(backwards)).toBe(canonicalJson(object));
      expect(JSON.parse(canonicalJson(object))).toEqual(JSON.parse(JSON.stringify(object)));
    }),
  );
});
