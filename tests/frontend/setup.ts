import "fake-indexeddb/auto";
import { cleanup, configure } from "@testing-library/react";
import { clear } from "idb-keyval";
import { afterEach } from "vitest";

// A deadline, not a wait: a busy machine must not fail a test.
configure({ asyncUtilTimeout: 10_000 });

// jsdom has no layout: nothing scrolls, changes its size or comes into sight.
window.scrollTo = () => {};
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
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

afterEach(async () => {
  cleanup();
  localStorage.clear();
  await clear();
});
