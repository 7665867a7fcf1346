import { expect, it } from "vitest";
import { deviceOf } from "@/features/account/device";

const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";

it.each([
  [`Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} Chrome/156.0 Safari/537.36`, ["Chrome", "Linux"]],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64) ${WEBKIT} Chrome/156.0 Safari/537.36 Edg/156.0`,
    ["Edge", "Windows"],
  ],
  ["Mozilla/5.0 (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0", ["Firefox", "Android"]],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Mobile Safari/604.1",
    ["Safari", "iPhone"],
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/19.0 Safari/605.1",
    ["Safari", "macOS"],
  ],
  ["curl/8.9", []],
  ["", []],
])("names the browser and the system of %s", (userAgent, names) => {
  expect(deviceOf(userAgent)).toEqual(names);
});
