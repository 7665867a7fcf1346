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
import { SignedIn } from "./signed-in";

/** Where to go on after logging in: an address of this page, never another site's. */
function nextOf(search: Record<string, unknown>): { next?: string } {
  const next = search.next;
  return typeof next === "string" && /^\/(?![/\\])/.test(next) ? { next } : {};
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
  validateSearch: ({ list, message }): { list?: boolean; message?: string } => ({
    ...(list === true ? { list } : {}),
    ...(typeof message === "string" ? { message } : {}),
  }),
  component: SignedIn,
});
// Both addresses show the shell's one chat view, which stays mounted when a new chat gets its address.
const start = createRoute({ getParentRoute: () => signedIn, path: "/" });
const chat = createRoute({ getParentRoute: () => signedIn, path: "/chats/$chatId" });

const routeTree = root.addChildren([login, signup, signedIn.addChildren([start, chat])]);

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
