/** Logical properties only, so that right-to-left languages mirror without a second sheet. */
export default {
  plugins: ["stylelint-use-logical"],
  rules: {
    "csstools/use-logical": "always",
    "block-no-empty": true,
    "color-no-invalid-hex": true,
    "declaration-block-no-duplicate-properties": true,
    "no-duplicate-selectors": true,
    "no-invalid-double-slash-comments": true,
    "property-no-unknown": [true, { ignoreProperties: ["field-sizing"] }],
    "selector-type-no-unknown": true,
    "unit-no-unknown": true,
    "function-url-scheme-disallowed-list": ["http", "https", "data"],
  },
};
