import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

// jsdom has no layout; the router scrolls on each navigation.
window.scrollTo = () => {};

afterEach(() => {
  cleanup();
  localStorage.clear();
});
