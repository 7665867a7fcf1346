import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "@playwright/test";
import { FOLDER, renderings } from "./renderings";

const STYLE = `
  body { margin: 16px; font: 13px sans-serif; background: #777; color: #fff }
  table { border-spacing: 8px }
  th { text-align: start; vertical-align: top }
  img { display: block; height: 240px }`;

/** A row for each state, a column for each rendering. */
test("one sheet of all pictures", async ({ browser }) => {
  test.setTimeout(300_000);
  const columns = Object.entries(renderings).flatMap(([device, its]) =>
    Object.keys(its).map((name) => `${device}-${name}`),
  );
  const shots = await Promise.all(
    columns.map(async (name) => ({
      name,
      files: await readdir(join(FOLDER, name)).catch(() => []),
    })),
  );
  const states = [...new Set(shots.flatMap(({ files }) => files))].sort();
  const cell = (file: string, { name, files }: { name: string; files: string[] }) =>
    files.includes(file)
      ? `<td><a href="${name}/${file}"><img src="${name}/${file}" alt=""></a></td>`
      : "<td></td>";
  const rows = states.map(
    (file) =>
      `<tr><th>${file.replace(".png", "")}</th>${shots.map((one) => cell(file, one)).join("")}</tr>`,
  );
  const head = `<tr><td></td>${columns.map((name) => `<th>${name}</th>`).join("")}</tr>`;
  const html = `<!doctype html><meta charset="utf-8"><title>Screens</title><style>${STYLE}</style><table>${head}${rows.join("")}</table>`;
  const sheet = join(FOLDER, "index.html");
  await writeFile(sheet, html);
  const page = await browser.newPage({ viewport: { width: 3900, height: 1000 } });
  await page.goto(pathToFileURL(sheet).href);
  await page.screenshot({ path: join(FOLDER, "sheet.png"), fullPage: true, timeout: 240_000 });
});
