import { beforeEach, expect, it } from "vitest";
import { rowsToMount } from "@/features/chat/pinned-rows";

const RANGE = { startIndex: 5, endIndex: 6, overscan: 1, count: 10 };
const AROUND = [4, 5, 6, 7];
const ids = Array.from("abcdefghij");
const indexOf = (id: string) => ids.indexOf(id);
let list: HTMLElement;

beforeEach(() => {
  document.body.innerHTML = `<div>${ids
    .map((id) => `<p data-message="${id}"><button>${id}</button></p>`)
    .join("")}</div>`;
  list = document.body.firstElementChild as HTMLElement;
  document.getSelection()?.removeAllRanges();
});

const row = (id: string) => list.querySelector(`[data-message="${id}"]`) as HTMLElement;

it("mounts what is around the view", () => {
  expect(rowsToMount(list, RANGE, indexOf)).toEqual(AROUND);
});

it("keeps the rows of the focus, of both ends of the selection, of an editor and of an open menu", () => {
  row("a").querySelector("button")?.focus();
  document.getSelection()?.setBaseAndExtent(row("b"), 0, row("d"), 1);
  row("j").innerHTML = "<form data-keep></form>";
  row("i").innerHTML = "<button data-state='open'></button>";
  expect(rowsToMount(list, RANGE, indexOf)).toEqual([0, 1, 3, ...AROUND, 8, 9]);
});

it("knows them by their messages, wherever those stand by now", () => {
  row("a").querySelector("button")?.focus();
  expect(rowsToMount(list, { ...RANGE, count: 60 }, (id) => ids.indexOf(id) + 50)).toEqual([
    ...AROUND,
    50,
  ]);
  expect(rowsToMount(list, RANGE, () => -1)).toEqual(AROUND);
});
