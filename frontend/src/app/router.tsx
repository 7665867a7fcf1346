import {
  createRootRoute,
  createRoute,
  createRouter,
  type RouterHistory,
} from "@tanstack/react-router";
import { LoginPage } from "@/features/auth/login-page";
import { SignupPage } from "@/features/auth/signup-page";
import { base } from "@/shared/base";
import { Crashed, NotFound } from "./fallbacks";
import { Offered } from "./offered";
import { Reading } from "./reading";
import { Shell } from "./shell";
import { SignedIn } from "./signed-in";

/** Where to go on after logging in: an address of this page, never another site's. */
function nextOf(search: Record<string, unknown>): { next?: string } {
  const next = search.next;
  return typeof next === "string" && /^\/(?![/\\])/.test(next) ? { next } : {};
}

interface Search {
  /** The list of chats is open as a sheet. */
  list?: boolean;
  /** The bar that finds texts in the chat is open. */
  find?: boolean;
  /** The message that the address leads to. */
  message?: string;
}

const root = createRootRoute();
const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: nextOf,
  component: () => <Offered feature="login" page={LoginPage} />,
});
const signup = createRoute({
  getParentRoute: () => root,
  path: "/signup",
  validateSearch: nextOf,
  component: () => <Offered feature="signup" page={SignupPage} />,
});
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  validateSearch: ({ list, find, message }): Search => ({
    ...(list === true ? { list } : {}),
    ...(find === true ? { find } : {}),
    ...(typeof message === "string" ? { message } : {}),
  }),
  component: () => <SignedIn page={Shell} />,
});
// Both addresses show the shell's one chat view, which stays mounted when a new chat gets its address.
const start = createRoute({ getParentRoute: () => signedIn, path: "/" });
const chat = createRoute({ getParentRoute: () => signedIn, path: "/chats/$chatId" });

const read = createRoute({
  getParentRoute: () => root,
  path: "/chats/$chatId/read",
  component: () => <SignedIn page={Reading} />,
});

const routeTree = root.addChildren([login, signup, read, signedIn.addChildren([start, chat])]);

export const makeRouter = (history?: RouterHistory) =>
  createRouter({
    basepath: base,
    history,
    routeTree,
    defaultErrorComponent: Crashed,
    defaultNotFoundComponent: NotFound,
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
