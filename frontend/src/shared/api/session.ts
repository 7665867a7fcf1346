import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { beside } from "@/shared/base";
import { api, csrfHeader, dataOf, unwrap } from "./client";
import { configKey } from "./config";
import { ApiError, asApiError, errorFrom, type FieldError } from "./error";
import type { User } from "./types";

const SETTLE = 1_000;

export const sessionKey = ["session"] as const;

/** The signed-in user, or null. */
export const sessionQuery = queryOptions({
  queryKey: sessionKey,
  queryFn: ({ signal }) => fetchSession(signal),
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
});

/** Asks the server who is signed in; null is nobody. */
export async function fetchSession(signal?: AbortSignal): Promise<User | null> {
  return dataOf(api.GET("/api/owner/", { signal })).catch((thrown: unknown) => {
    if (asApiError(thrown).status === 401) return null;
    throw thrown;
  });
}

/** Changes what counts for all chats of whoever is signed in. */
export const updateUser = (change: { instructions?: string }) =>
  unwrap(api.PATCH("/api/owner/", { body: change }));

/**
 * Who is signed in after a session seems to have ended: a change of the password renews it, and the new cookie may come
 * a moment after the news.
 */
export async function whoIsSignedIn(): Promise<User | null> {
  const now = await fetchSession();
  if (now) return now;
  await new Promise((resolve) => setTimeout(resolve, SETTLE));
  return fetchSession();
}

/** Makes the page that of whoever is signed in now; what another was shown is forgotten. */
export function handOver(client: QueryClient, now: User | null): void {
  const before = client.getQueryData<User | null>(sessionKey);
  if (now && before && now.id !== before.id) forgetUser(client);
  client.setQueryData(sessionKey, now);
}

export const login = (credentials: { email: string; password: string }) =>
  enter("auth/login", credentials);

export const signUp = (credentials: { email: string; password: string }) =>
  enter("auth/signup", credentials);

export async function logout(): Promise<void> {
  const answer = await ask("DELETE", "auth/session");
  // allauth answers 401 because nobody is signed in any more.
  if (!answer.ok && answer.status !== 401) throw answerError(answer);
}

export async function changePassword(change: {
  current_password: string;
  new_password: string;
}): Promise<void> {
  const answer = await ask("POST", "account/password/change", change);
  if (!answer.ok) throw answerError(answer);
}

/** One place where the reader is signed in; times in seconds. */
export interface Session {
  id: number;
  user_agent: string;
  ip: string;
  created_at: number;
  is_current: boolean;
}

/** Where the reader is signed in, this place first, then the newest. */
export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: async () => {
    const answer = await ask("GET", "auth/sessions");
    if (!answer.ok) throw answerError(answer);
    return (answer.body.data as Session[]).toSorted(
      (a, b) => Number(b.is_current) - Number(a.is_current) || b.created_at - a.created_at,
    );
  },
});

export async function endSessions(sessions: number[]): Promise<void> {
  const answer = await ask("DELETE", "auth/sessions", { sessions });
  if (!answer.ok) throw answerError(answer);
}

/** Ends the account with all that it has. */
export const deleteAccount = (password: string) =>
  unwrap(api.POST("/api/account/delete/", { body: { password } }));

/** Marks the session as over, so that the page asks to sign in again. */
export const sessionEnded = (client: QueryClient) => client.setQueryData(sessionKey, null);

/** Forgets all that was shown to whoever was signed in. */
export function forgetUser(client: QueryClient): void {
  const kept: unknown[] = [...sessionKey, ...configKey];
  client.removeQueries({ predicate: ({ queryKey }) => !kept.includes(queryKey[0]) });
}

/** The signed-in user; null also while that is not known yet. */
export const useUser = (): User | null => useQuery(sessionQuery).data ?? null;

/** The id of whoever writes here; it stays while their page does, also once their session has ended. */
export function useWriter(): string {
  const now = useUser()?.id ?? "";
  const [writer] = useState(now);
  return writer;
}

async function enter(
  path: string,
  credentials: { email: string; password: string },
): Promise<User> {
  const answer = await ask("POST", path, credentials);
  // 409: already signed in, in another tab.
  const user = answer.ok || answer.status === 409 ? await fetchSession() : null;
  if (!user) throw answerError(answer);
  return user;
}

interface Answer {
  ok: boolean;
  status: number;
  body: AuthBody;
}

interface AuthBody {
  data?: unknown;
  errors?: { code: string; message: string; param?: string }[];
}

/** Asks allauth, which only a server with the page's own login has. */
async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(beside(`_allauth/browser/v1/${path}`), {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json", ...csrfHeader() },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch((thrown: unknown) => {
    throw asApiError(thrown);
  });
  return {
    ok: response.ok,
    status: response.status,
    body: await response.json().catch(() => ({})),
  };
}

function answerError({ status, body }: Answer): ApiError {
  const errors = body.errors ?? [];
  const fields: Record<string, FieldError[]> = {};
  for (const { param, code, message } of errors)
    if (param) fields[param] = [...(fields[param] ?? []), { code, detail: message }];
  const general = errors.find(({ param }) => !param) ?? errors[0];
  if (!general) return errorFrom(status, body);
  return new ApiError(status, general.code, general.message, fields);
}
