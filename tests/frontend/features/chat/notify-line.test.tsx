import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { NotifyLine } from "@/features/chat/notify-line";

const OFFER = "Tell me when the answer is ready";
const requestPermission = vi.fn(async () => "granted");

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  requestPermission.mockClear();
  vi.stubGlobal("Notification", { permission: "default", requestPermission });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const wait = (ms: number) => act(() => vi.advanceTimersByTime(ms));

it("offers to tell only when an answer takes long, and asks the browser when taken up", () => {
  const { rerender } = render(<NotifyLine running />);
  wait(9_000);
  expect(screen.queryByText(OFFER)).toBeNull();
  wait(2_000);
  rerender(<NotifyLine running={false} />);
  expect(screen.queryByText(OFFER)).toBeNull();
  rerender(<NotifyLine running />);
  expect(screen.queryByText(OFFER)).toBeNull();
  wait(11_000);

  fireEvent.click(screen.getByText(OFFER));

  expect(requestPermission).toHaveBeenCalledOnce();
  expect(screen.queryByText(OFFER)).toBeNull();
});

it("never offers again once declined", () => {
  const first = render(<NotifyLine running />);
  wait(11_000);
  fireEvent.click(screen.getByRole("button", { name: "Do not offer this again" }));
  first.unmount();

  render(<NotifyLine running />);
  wait(11_000);

  expect(screen.queryByText(OFFER)).toBeNull();
  expect(requestPermission).not.toHaveBeenCalled();
});
