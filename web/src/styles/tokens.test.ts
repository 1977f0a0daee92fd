// @vitest-environment node
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

type Theme = "light" | "dark";

const sheet = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");
const colours = new Map<string, Record<Theme, string>>();
for (const [, name, light, dark] of sheet.matchAll(
  /--([\w-]+):light-dark\((#[0-9A-F]{6}),(#[0-9A-F]{6})\)/giu,
)) {
  if (name !== undefined && light !== undefined && dark !== undefined) {
    colours.set(name, { light, dark });
  }
}

function colour(name: string, theme: Theme): string {
  const pair = colours.get(name);
  if (pair === undefined) throw new Error(`tokens.css has no colour --${name}`);
  return pair[theme];
}

/** Relative luminance (WCAG 2.2). */
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

function contrast(first: string, second: string): number {
  const [dark, light] = [luminance(first), luminance(second)].sort((a, b) => a - b);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

test("black on white is 21:1", () => {
  expect(contrast("#000000", "#FFFFFF")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#FFFFFF")).toBeCloseTo(4.48, 2);
});

test("every colour of the page is read", () => {
  expect(colours.size).toBeGreaterThan(0);
  expect(colours.size).toBe(sheet.match(/:light-dark\(#/gu)?.length);
});

describe.each<Theme>(["light", "dark"])("%s theme", (theme) => {
  test.each<[string, string, number, number]>([
    ["text", "surface", 16.5, 14.4],
    ["text-muted", "surface", 7.3, 8.5],
    ["text-subtle", "surface", 5.4, 6.3],
    ["accent", "surface", 7.3, 8.6],
    ["ok", "surface", 6.6, 8.9],
    ["warn", "surface", 6.4, 8.8],
    ["bad", "surface", 6.5, 7.6],
    ["info", "surface", 6.6, 8.3],
    ["on-mark", "mark", 13.1, 8.5],
    ["on-accent", "accent", 7.3, 8.1],
  ])("%s on %s is at least its measured ratio", (ink, ground, light, dark) => {
    const expected = theme === "light" ? light : dark;
    expect(contrast(colour(ink, theme), colour(ground, theme))).toBeGreaterThan(expected - 0.06);
  });

  test.each([
    ["text", "canvas"],
    ["text", "bubble"],
    ["text", "sunken"],
    ["text", "accent-soft"],
    ["text-muted", "canvas"],
    ["text-muted", "sunken"],
    ["text-muted", "bubble"],
    ["text-subtle", "canvas"],
    ["text-subtle", "sunken"],
    ["text-subtle", "bubble"],
    ["accent", "canvas"],
    ["on-accent", "accent-hover"],
    ["warn", "warn-soft"],
    ["bad", "bad-soft"],
    ["ok", "ok-soft"],
    ["info", "info-soft"],
    ["text", "paper"],
    ["text", "bad-soft"],
    ["text", "warn-soft"],
    ["text-muted", "bad-soft"],
    ["text-muted", "warn-soft"],
  ])("%s on %s is readable", (ink, ground) => {
    expect(contrast(colour(ink, theme), colour(ground, theme))).toBeGreaterThanOrEqual(4.5);
  });

  test.each([
    ["line-strong", "surface"],
    ["accent", "surface"],
    ["accent", "sunken"],
    ["accent", "bubble"],
  ])("the edge %s on %s can be seen", (edge, ground) => {
    expect(contrast(colour(edge, theme), colour(ground, theme))).toBeGreaterThanOrEqual(3);
  });
});
