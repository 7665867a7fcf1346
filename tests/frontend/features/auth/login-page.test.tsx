import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LoginPage } from "@/features/auth/login-page";
import { chatsKey } from "@/shared/api/chats";
import { sessionKey } from "@/shared/api/session";
import { FakeServer } from "../../fake-server";
import { renderPage, USER } from "../../render-page";

const SESSION = "GET /api/owner/";
const FEATURES = ["login", "signup"];
const LOGIN = "POST /_allauth/browser/v1/auth/login";
const demo = { email: "demo@example.org", password: "demo-demo" };

let server: FakeServer;
beforeEach(() => {
  server = new FakeServer();
  server.on("GET /api/config/", () => ({
    body: {
      login: null,
      csrf_cookie: "csrftoken",
      features: FEATURES,
      demo: true,
      demo_login: demo,
    },
  }));
  server.on(LOGIN, () => {
    server.on(SESSION, () => ({ body: USER }));
    return { body: {} };
  });
});
afterEach(() => vi.unstubAllGlobals());

const field = (name: string) => screen.getByLabelText<HTMLInputElement>(name);
const submit = () => fireEvent.submit(field("Email").closest("form") as HTMLFormElement);

it("fills in the demo login where there is one", async () => {
  await renderPage(LoginPage, { at: "/login", user: null });
  fireEvent.click(await screen.findByRole("button", { name: "Fill in the demo login" }));
  expect(screen.getByRole("link", { name: "Sign up" })).not.toBeNull();
  submit();
  await waitFor(() => expect(server.asked(LOGIN)[0]?.body).toEqual(demo));
});

it("offers no demo login and no sign-up where there are none", async () => {
  server.on("GET /api/config/", () => ({
    body: {
      login: null,
      csrf_cookie: "csrftoken",
      features: ["login"],
      demo: false,
      demo_login: null,
    },
  }));
  await renderPage(LoginPage, { at: "/login", user: null });
  await waitFor(() => expect(server.asked("GET /api/config/")).toHaveLength(1));
  expect(screen.queryByRole("button", { name: "Fill in the demo login" })).toBeNull();
  expect(screen.queryByRole("link", { name: "Sign up" })).toBeNull();
});

it("goes back to where the reader was, with nothing of the one before", async () => {
  const { client, router } = await renderPage(LoginPage, {
    at: "/login?next=%2Fchats%2Fchat-1",
    user: null,
  });
  client.setQueryData(chatsKey, "of somebody else");
  submit();
  await waitFor(() => expect(router.state.location.pathname).toBe("/chats/chat-1"));
  expect(client.getQueryData(sessionKey)).toEqual(USER);
  expect(client.getQueryData(chatsKey)).toBeUndefined();
});

it("goes on by itself when another tab has signed in meanwhile", async () => {
  server.on(SESSION, () => ({ body: USER }));
  const { router } = await renderPage(LoginPage, {
    at: "/login?next=%2Fchats%2Fchat-1",
    user: null,
  });
  window.dispatchEvent(new Event("visibilitychange"));
  await waitFor(() => expect(router.state.location.pathname).toBe("/chats/chat-1"));
});

it("tells an error at the field it belongs to", async () => {
  server.on(LOGIN, () => ({
    status: 400,
    body: { errors: [{ code: "mismatch", message: "Not the right password.", param: "password" }] },
  }));
  await renderPage(LoginPage, { at: "/login", user: null });
  field("Email").value = "ann@example.org";
  submit();
  await screen.findByText("Not the right password.");
  expect(field("Password").getAttribute("aria-invalid")).toBe("true");
  expect(field("Password").getAttribute("aria-describedby")).toBe(
    screen.getByText("Not the right password.").id,
  );
  expect(field("Email").value).toBe("ann@example.org");
});

it("says it when the server cannot be reached", async () => {
  server.on(LOGIN, () => "network error");
  await renderPage(LoginPage, { at: "/login", user: null });
  submit();
  expect((await screen.findByRole("alert")).textContent).toContain("cannot be reached");
});
