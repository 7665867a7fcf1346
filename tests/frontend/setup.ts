import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

// jsdom has no layout; the router scrolls on each navigation.
window.scrollTo = () => {};
globalThis.IntersectionObserver ??= class {
  root = null;
  rootMargin = "";
  scrollMargin = "";
  thresholds = [];
  observe() {}
  unobserve() {}
  disconnect() {}
  takeRecords() {
    return [];
  }
};

afterEach(() => {
  cleanup();
  localStorage.clear();
});
