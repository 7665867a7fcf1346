import { renderHook } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useMarks } from "@/features/chat/find/use-marks";

afterEach(() => vi.useRealTimers());

it("walks to a found message that the network brings late", () => {
  vi.useFakeTimers();
  const scroller = { current: document.createElement("div") };
  const onScroll = vi.fn();
  const hit = { id: "far", text: "needle" };
  renderHook(() => useMarks({ scroller, hit, onScroll }));
  vi.advanceTimersByTime(60_000);
  expect(onScroll).not.toHaveBeenCalled();

  const row = document.createElement("div");
  row.dataset.message = "far";
  // As it stands out of sight, until the view has been scrolled to it.
  row.getBoundingClientRect = () => new DOMRect(0, 900 - scroller.current.scrollTop, 100, 50);
  scroller.current.getBoundingClientRect = () => new DOMRect(0, 0, 100, 300);
  scroller.current.append(row);
  vi.advanceTimersByTime(1_000);
  expect(onScroll).toHaveBeenCalled();
  expect(scroller.current.scrollTop).toBe(900);
});
